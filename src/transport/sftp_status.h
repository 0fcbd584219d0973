// SPDX-License-Identifier: Apache-2.0
// What an SFTP server's refusals mean to us.
#pragma once
#include "base/error.h"
#include "transport/sftp_client.h"

namespace rowhaul {

// The status that a reply carries; Ok for a reply that is not a status.
SftpStatus status_of(const SftpReply&);
// "cannot write "a.csv" on files.example.com:22: ..." with the kind that fits the status.
Error sftp_failure(std::string_view doing, std::string_view path, const SftpClient&, const SftpReply&);
// Throws sftp_failure() unless the reply is the status Ok.
void expect_ok(std::string_view doing, std::string_view path, const SftpClient&, const SftpReply&);
// Throws sftp_failure() unless the reply is of this type.
void expect_type(SftpType, std::string_view doing, std::string_view path, const SftpClient&, const SftpReply&);

}  // namespace rowhaul
