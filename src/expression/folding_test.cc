// SPDX-License-Identifier: Apache-2.0
#include "expression/folding.h"

#include <gtest/gtest.h>

namespace rowhaul {
namespace {

TEST(FoldedName, forgets_case_and_what_stands_between_words) {
    EXPECT_EQ(folded_name("First Name", Umlauts::Plain), "firstname");
    EXPECT_EQ(folded_name("first_name", Umlauts::Plain), "firstname");
    EXPECT_EQ(folded_name("E-Mail", Umlauts::Plain), "email");
    EXPECT_EQ(folded_name(" Nr.\xC2\xA0", Umlauts::Plain), "nr");
    EXPECT_EQ(folded_name("ИМЯ", Umlauts::Plain), "имя");
}

TEST(FoldedName, forgets_accents) {
    EXPECT_EQ(folded_name("Prénom", Umlauts::Plain), "prenom");
    EXPECT_EQ(folded_name("Straße", Umlauts::Plain), "strasse");
    EXPECT_EQ(folded_name("Città", Umlauts::WrittenOut), "citta");
    EXPECT_EQ(folded_name("Citroën", Umlauts::WrittenOut), "citroen");
}

TEST(FoldedName, knows_both_ways_to_write_umlauts) {
    EXPECT_EQ(folded_name("Größe", Umlauts::Plain), "grosse");
    EXPECT_EQ(folded_name("Größe", Umlauts::WrittenOut), "groesse");
    EXPECT_EQ(folded_name("A\xCC\x88nderung", Umlauts::WrittenOut), "aenderung");
    EXPECT_EQ(folded_name("A\xCC\x88nderung", Umlauts::Plain), "anderung");
    EXPECT_EQ(folded_name("Øre", Umlauts::WrittenOut), "oere");
}

TEST(FoldedName, takes_any_bytes) {
    EXPECT_EQ(folded_name("a\xFF_B", Umlauts::WrittenOut),
              "a\xFF"
              "b");
    EXPECT_EQ(folded_name("", Umlauts::Plain), "");
    EXPECT_EQ(folded_name("_-", Umlauts::Plain), "");
}

}  // namespace
}  // namespace rowhaul
