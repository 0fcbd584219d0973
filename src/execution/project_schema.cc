// SPDX-License-Identifier: Apache-2.0
// JSON Schema of rowhaul.yaml, put together from the options of its parts.
#include "connector/file_source_options.h"
#include "connector/file_target.h"
#include "connector/table_connection.h"
#include "connector/table_target.h"
#include "execution/project.h"
#include "options/json.h"
#include "options/reference.h"

#include <boost/json.hpp>

namespace rowhaul {

namespace {

namespace json = boost::json;

std::vector<ComponentInfo> connection_infos(const Catalog& catalog) {
    std::vector<ComponentInfo> infos;
    for (const auto& known : catalog.databases()) {
        infos.push_back(known.info);
    }
    for (const auto& known : catalog.transports()) {
        infos.push_back(known.info);
    }
    return infos;
}

json::object named_objects(json::value each) {
    return {{"type", "object"}, {"additionalProperties", std::move(each)}};
}

// A connection name beside the options of whatever the connection is.
template <class Options>
json::object side_schema(Completeness completeness) {
    json::object schema = schema_of(describe_options<Options>(), completeness);
    schema["properties"].as_object()["connection"] =
        json::object{{"type", "string"}, {"description", "Name of the connection."}};
    return schema;
}

json::object format_schema(const Catalog& catalog) {
    json::array any;
    json::array names;
    for (const auto& known : catalog.formats()) {
        names.emplace_back(known.info.type);
        for (const auto& preset : known.presets) {
            names.emplace_back(preset);
        }
        json::object map = schema_of(known.info.options);
        map["properties"].as_object()["type"] = json::object{{"const", known.info.type}};
        any.push_back(std::move(map));
    }
    any.insert(any.begin(), json::object{{"enum", std::move(names)}});
    return {{"description", "How rows are laid out in the file: a type, a preset, or a map."}, {"anyOf", any}};
}

// What may be given as a text where a map of options would do.
json::object short_form(json::object map) {
    return {{"anyOf", json::array{json::object{{"type", "string"}}, std::move(map)}}};
}

json::object source_schema(const Catalog& catalog) {
    json::object files = side_schema<FileSourceOptions>(Completeness::Partial);
    auto& properties = files["properties"].as_object();
    properties["settle"] = short_form(schema_of(describe_options<SettleOptions>()));
    properties["after"] = short_form(schema_of(describe_options<AfterOptions>()));
    properties["format"] = format_schema(catalog);
    return {{"anyOf", json::array{side_schema<TableSourceOptions>(Completeness::Partial), std::move(files)}}};
}

json::object target_schema(const Catalog& catalog, Completeness completeness) {
    json::object file = side_schema<FileTargetOptions>(completeness);
    file["properties"].as_object()["format"] = format_schema(catalog);
    return {{"anyOf", json::array{side_schema<TableTargetOptions>(completeness), std::move(file)}}};
}

json::object fields_schema() {
    return {{"type", "array"},
            {"minItems", 1},
            {"description", "Which columns leave, in which order, under which names; every column if not given."},
            {"items", json::object{{"anyOf", json::array{json::object{{"type", "string"}},
                                                         schema_of(describe_options<FieldOptions>())}}}}};
}

json::object where_schema() {
    return {{"type", json::array{"string", "boolean"}},
            {"description", "SQL expression that a row must meet to take part; every row does if not given."}};
}

json::object key_schema() {
    return {{"type", json::array{"string", "array"}},
            {"items", json::object{{"type", "string"}}},
            {"description", "Fields by which records are told apart in the target."}};
}

json::object mapping_schema(const Catalog& catalog) {
    const auto reading = schema_of(describe_options<ReadingOptions>()).at("properties").as_object();
    // What a mapping lacks may stand in `defaults`, which a schema cannot follow: nothing is required.
    return {{"type", "object"},
            {"additionalProperties", false},
            {"properties", json::object{{"source", source_schema(catalog)},
                                        {"target", target_schema(catalog, Completeness::Partial)},
                                        {"fields", fields_schema()},
                                        {"where", where_schema()},
                                        {"key", key_schema()},
                                        {"read", reading.at("read")},
                                        {"cursor", reading.at("cursor")},
                                        {"overlap", reading.at("overlap")},
                                        {"marks", reading.at("marks")},
                                        {"options", schema_of(describe_options<MappingOptions>())}}}};
}

}  // namespace

std::string project_schema(const Catalog& catalog) {
    const json::object include{{"type", json::array{"string", "array"}},
                               {"items", json::object{{"type", "string"}}},
                               {"description", "Other files, also as patterns, with connections, mappings and tasks."}};
    const json::object schema{
        {"$schema", "https://json-schema.org/draft/2020-12/schema"},
        {"title", "rowhaul.yaml"},
        {"type", "object"},
        {"additionalProperties", false},
        {"required", json::array{"version"}},
        {"properties", json::object{{"version", json::object{{"const", 1}}},
                                    {"include", include},
                                    {"settings", schema_of(describe_options<SettingsOptions>())},
                                    {"connections", named_objects(schema_of(connection_infos(catalog)))},
                                    {"defaults", mapping_schema(catalog)},
                                    {"mappings", named_objects(mapping_schema(catalog))},
                                    {"tasks", named_objects(schema_of(describe_options<TaskOptions>()))}}}};
    return pretty(schema);
}

}  // namespace rowhaul
