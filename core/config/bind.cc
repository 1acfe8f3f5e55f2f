// SPDX-License-Identifier: Apache-2.0
#include "config/bind.h"

#include <fmt/format.h>

#include <cstdint>
#include <utility>

#include "config/check.h"
#include "config/nearest.h"
#include "config/schema.h"
#include "config/secret.h"
#include "config/value.h"

namespace sluice::config {
namespace {

using Kind = YamlNode::Kind;

constexpr std::uint64_t kMaxListItems = 64;
constexpr std::size_t kMaxUrls = 8;  // of one stream

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::Null:
      return "nothing";
    case Kind::Scalar:
      return "a single value";
    case Kind::List:
      return "a list";
    case Kind::Map:
      return "a section";
    case Kind::Broken:
      break;
  }
  return "something else";
}

template <class E>
std::expected<E, std::string> parse_word(std::string_view text, std::string_view range) {
  for (std::size_t i = 0; i < kWords<E>.size(); ++i) {
    if (kWords<E>[i] == text) return static_cast<E>(i);
  }
  return std::unexpected(fmt::format("must be {}", range));
}

// Reads one value into one slot. Returns false when something was wrong, which is reported.
class ValueBinder {
 public:
  ValueBinder(const Field &field, std::string path, const YamlNode &node, Bindings &bindings,
              Report &report)
      : field_(field), path_(std::move(path)), node_(node), bindings_(bindings), report_(report) {}

  bool operator()(std::string *slot) {
    if (!is_scalar()) return false;
    auto text = field_.is_secret() ? resolve_secret(node_.text) : Parsed<std::string>(node_.text);
    if (!text) return wrong(node_, text.error());
    if (field_.check != nullptr) {
      if (auto problem = field_.check(*text)) return wrong(node_, *problem);
    }
    *slot = std::move(*text);
    return true;
  }

  bool operator()(std::vector<std::string> *slot) {
    if (node_.kind == Kind::Broken) return false;
    if (field_.has_urls()) return bind_urls(slot);
    if (node_.kind != Kind::List) {
      report_.error(node_.position,
                    fmt::format("{} must be a list, such as {}", path_, example_list()));
      return false;
    }
    const std::uint64_t most = field_.max > 0 ? field_.max : kMaxListItems;
    if (node_.items.size() > most) {
      report_.error(node_.position, fmt::format("{} has more than {} items", path_, most));
      return false;
    }
    bool good = true;
    std::vector<std::string> list;
    for (const YamlNode &item : node_.items)
      good = bind_item(item, list) && good;
    if (good) *slot = std::move(list);
    return good;
  }

  bool operator()(std::uint32_t *slot) { return bind_number(slot, parse_count); }
  bool operator()(std::uint64_t *slot) { return bind_number(slot, parse_size); }
  bool operator()(Millis *slot) { return bind_number(slot, parse_duration); }

  template <class E>
  bool operator()(std::optional<E> *slot) {
    E word{};
    if (!(*this)(&word)) return false;
    *slot = word;
    return true;
  }

  template <class E>
  bool operator()(E *slot) {
    if (!is_scalar()) return false;
    const auto word = parse_word<E>(node_.text, describe_range(field_));
    if (!word) return wrong(node_, word.error());
    *slot = *word;
    return true;
  }

 private:
  bool is_scalar() {
    if (node_.kind == Kind::Scalar) return true;
    if (node_.kind == Kind::Null) {
      report_.error(node_.position, fmt::format("{} needs a value", path_));
    } else if (node_.kind != Kind::Broken) {
      report_.error(node_.position, fmt::format("{} must be a single value, and this is {}", path_,
                                                kind_name(node_.kind)));
    }
    return false;
  }

  template <class T>
  bool bind_number(T *slot, Parsed<std::uint64_t> (*parse)(std::string_view)) {
    if (!is_scalar()) return false;
    if (!field_.zero.empty() && node_.text == field_.zero) {
      *slot = T{};
      return true;
    }
    const auto number = parse(node_.text);
    if (!number) return wrong(node_, number.error());
    if (*number < field_.min || *number > field_.max) {
      return wrong(node_, "is out of range, which is " + describe_range(field_));
    }
    *slot = T(static_cast<decltype(count_of(*slot))>(*number));
    return true;
  }

  // One URL, or a list of them.
  bool bind_urls(std::vector<std::string> *slot) {
    const bool is_list = node_.kind == Kind::List;
    if (!is_list && !is_scalar()) return false;
    const std::vector<YamlNode> one{is_list ? YamlNode{} : node_};
    const std::vector<YamlNode> &items = is_list ? node_.items : one;
    if (items.empty()) return wrong(node_, "needs at least one URL");
    if (items.size() > kMaxUrls) {
      return wrong(node_, fmt::format("has more than {} URLs", kMaxUrls));
    }
    std::vector<std::string> urls;
    for (const YamlNode &item : items) {
      if (item.kind != Kind::Scalar) return wrong(item, "takes URLs, and this is something else");
      auto url = resolve_secret(item.text);
      if (!url) return wrong(item, url.error());
      if (auto problem = field_.check(*url)) return wrong(item, *problem);
      urls.push_back(std::move(*url));
    }
    *slot = std::move(urls);
    return true;
  }

  static std::int64_t count_of(Millis duration) { return duration.count(); }
  static std::uint32_t count_of(std::uint32_t number) { return number; }
  static std::uint64_t count_of(std::uint64_t number) { return number; }

  bool bind_item(const YamlNode &item, std::vector<std::string> &list) {
    if (item.kind == Kind::Broken) return false;
    if (item.kind != Kind::Scalar) {
      report_.error(item.position, fmt::format("{} takes single values, and this is {}", path_,
                                               kind_name(item.kind)));
      return false;
    }
    if (field_.check != nullptr) {
      if (auto problem = field_.check(item.text)) return wrong(item, *problem);
    }
    bindings_.places[fmt::format("{}#{}", path_, list.size())] = {report_.file(), item.position};
    list.push_back(item.text);
    return true;
  }

  // A secret is never quoted: what is wrong with it must not show it.
  bool wrong(const YamlNode &at, std::string_view problem) {
    const bool may_show = !field_.is_secret() && !field_.has_urls();
    const std::string value = may_show ? " " + show(at.text) : "";
    report_.error(at.position, fmt::format("{}{} {}", path_, value, problem));
    return false;
  }

  std::string example_list() const {
    if (field_.is_override()) return std::string(field_.example);
    Config defaults;
    return write_value(field_, field_.slot(defaults));
  }

  const Field &field_;
  std::string path_;
  const YamlNode &node_;
  Bindings &bindings_;
  Report &report_;
};

class TreeBinder {
 public:
  TreeBinder(Bindings &bindings, Report &report) : bindings_(bindings), report_(report) {}

  void bind_root(const YamlNode &root) {
    if (!is_map(root, "a configuration")) return;
    for (const YamlEntry &entry : root.entries) {
      if (report_.is_full()) return;
      if (!is_section_name(entry.key)) {
        unknown(entry, "");
      } else if (entry.key == "streams") {
        bind_streams(entry.value);
      } else {
        bind_section(entry);
      }
    }
  }

 private:
  // Nothing at all is an empty map: a section whose keys are all commented out.
  bool is_map(const YamlNode &node, std::string_view name) {
    if (node.kind == Kind::Scalar || node.kind == Kind::List) {
      report_.error(node.position, fmt::format("{} must hold keys with values, and this is {}",
                                               name, kind_name(node.kind)));
    }
    return node.kind == Kind::Map;
  }

  void bind_section(const YamlEntry &section) {
    if (!is_map(section.value, section.key)) return;
    for (const YamlEntry &entry : section.value.entries) {
      if (report_.is_full()) return;
      const Field *field = find_field(section.key, entry.key);
      if (field == nullptr) {
        unknown(entry, section.key);
      } else {
        bind_value(*field, std::string(field->path), entry, field->slot(bindings_.config));
      }
    }
  }

  void bind_streams(const YamlNode &streams) {
    if (!is_map(streams, "streams")) return;
    for (const YamlEntry &entry : streams.entries) {
      if (report_.is_full()) return;
      if (auto problem = check_stream_name(entry.key)) {
        report_.error(entry.position,
                      fmt::format("the stream name {} {}", show(entry.key), *problem));
      } else {
        bind_stream(entry);
      }
    }
  }

  void bind_stream(const YamlEntry &stream) {
    const std::string path = "streams." + stream.key;
    bindings_.places[path] = {report_.file(), stream.position};
    StreamOverrides &overrides = bindings_.config.streams[stream.key];
    if (!is_map(stream.value, path)) return;
    for (const YamlEntry &entry : stream.value.entries) {
      const Field *field = find_field("streams", entry.key);
      if (field == nullptr) {
        unknown(entry, "streams");
      } else {
        bind_value(*field, path + "." + entry.key, entry, field->override_slot(overrides));
      }
    }
  }

  void bind_value(const Field &field, const std::string &path, const YamlEntry &entry, Slot slot) {
    // yaml-cpp puts an absent value at whatever comes next; the key is what the operator looks for.
    YamlNode at_key;
    const bool is_absent = entry.value.kind == Kind::Null;
    if (is_absent) at_key.position = entry.position;
    const YamlNode &node = is_absent ? at_key : entry.value;
    if (std::visit(ValueBinder(field, path, node, bindings_, report_), slot)) {
      bindings_.places[path] = {report_.file(), node.position};
    } else {
      bindings_.broken.insert(path);
    }
  }

  void unknown(const YamlEntry &entry, std::string_view section) {
    const std::string where = section.empty() ? "" : fmt::format(" in {}", section);
    report_.error(entry.position,
                  fmt::format("unknown key {}{}; the nearest known key is \"{}\"", show(entry.key),
                              where, nearest_key(section, entry.key)));
  }

  Bindings &bindings_;
  Report &report_;
};

}  // namespace

void bind(const YamlDocument &document, Bindings &bindings, Report &report) {
  if (!document.is_whole) bindings.is_whole = false;
  TreeBinder(bindings, report).bind_root(document.root);
}

}  // namespace sluice::config
