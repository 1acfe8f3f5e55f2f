// SPDX-License-Identifier: Apache-2.0
#include "config/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <set>
#include <span>
#include <spanstream>
#include <utility>

#include "config/source_lines.h"
#include "config/text_check.h"
#include "config/value.h"

namespace sluice::config {
namespace {

using Kind = YamlNode::Kind;

// Text that is not YAML is skipped up to the next section this many times.
constexpr int kMaxRecoveries = 32;

// A map or list that is being read.
struct Frame {
  YamlNode node;
  bool is_key = false;             // a map or list where a key should be
  std::optional<YamlEntry> entry;  // of a map: the key whose value comes next
  bool drop = false;               // the next value belongs to a refused key
  std::set<std::string, std::less<>> keys;
};

std::string second_time(std::string_view key) {
  return fmt::format("the key {} is here a second time", show(key));
}

// Builds the tree from yaml-cpp's events. Nothing here recurses and nothing is expanded, so what a
// file can make large is bounded by its size.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const SourceLines &lines, Report &report) : lines_(lines), report_(report) {}

  // The text that is parsed next begins on this line of the file, from 0.
  void start_at(std::uint32_t line) {
    first_line_ = last_line_ = line;
    documents_ = 0;
    is_stopped_ = false;
  }
  [[nodiscard]] std::uint32_t last_line() const { return last_line_; }

  // Whether the rest of this text must not be believed.
  [[nodiscard]] bool is_stopped() const { return is_stopped_; }

  [[nodiscard]] YamlNode take() { return std::move(root_); }

  // Closes the maps and lists that are open, as if the text had ended well.
  void abandon() {
    skipped_ = 0;
    distrust_last_value();
    while (!frames_.empty())
      close();
  }

  [[nodiscard]] Position position(const YAML::Mark &mark) const {
    if (mark.is_null()) return {};
    return {first_line_ + static_cast<std::uint32_t>(mark.line) + 1,
            static_cast<std::uint32_t>(mark.column) + 1};
  }

  // Going on at the next section can meet the same mistake again; it is reported once.
  void syntax_error(const YAML::Mark &mark, std::string_view message) {
    const Position at = position(mark);
    if (at == last_error_) return;
    last_error_ = at;
    if (lines_.has_tab_indent(at)) {
      report_.error(at, "this is not valid YAML: lines must be indented with spaces, not tabs");
    } else {
      report_.error(at, fmt::format("this is not valid YAML: {}", escape(message)));
    }
  }

  void too_deep(const YAML::Mark &mark) {
    if (is_too_deep_) return;
    is_too_deep_ = true;
    report_.error(position(mark), "values are nested too deeply");
  }

  void OnDocumentStart(const YAML::Mark &mark) override {
    if (!is_stopped_ && ++documents_ == 2)
      report_.error(position(mark), "there must be only one document");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark &mark, YAML::anchor_t) override {
    if (!enter(mark)) return;
    if (wants_key()) return refuse_key(position(mark), "a key must not be empty");
    attach({.kind = Kind::Null, .position = position(mark)});
  }

  void OnAnchor(const YAML::Mark &mark, const std::string &) override {
    if (enter(mark)) report_.error(position(mark), "anchors are not supported");
  }

  void OnAlias(const YAML::Mark &mark, YAML::anchor_t) override {
    if (!enter(mark)) return;
    if (wants_key()) return refuse_key(position(mark), "aliases are not supported");
    report_.error(position(mark), "aliases are not supported");
    attach({.kind = Kind::Broken, .position = position(mark)});
  }

  void OnScalar(const YAML::Mark &mark, const std::string &tag, YAML::anchor_t,
                const std::string &value) override {
    if (!enter(mark) || stop_at_open_quote(mark)) return;
    check_tag(mark, tag);
    if (wants_key()) return take_key(position(mark), value);
    attach({.kind = Kind::Scalar, .position = position(mark), .text = value});
  }

  void OnSequenceStart(const YAML::Mark &mark, const std::string &tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, Kind::List);
  }
  void OnSequenceEnd() override { close_or_count(); }

  void OnMapStart(const YAML::Mark &mark, const std::string &tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, Kind::Map);
  }
  void OnMapEnd() override { close_or_count(); }

 private:
  // In "a: b: c" the b was taken for a value before the error showed that it was none.
  void distrust_last_value() {
    if (frames_.empty() || !last_error_) return;
    Frame &frame = frames_.back();
    if (frame.entry || frame.node.entries.empty()) return;
    YamlNode &value = frame.node.entries.back().value;
    if (value.position.line == last_error_->line) value = {.kind = Kind::Broken};
  }

  // Counts one event; false when it must be ignored.
  bool enter(const YAML::Mark &mark) {
    if (is_stopped_) return false;
    if (!mark.is_null()) last_line_ = first_line_ + static_cast<std::uint32_t>(mark.line);
    if (skipped_ > 0 || documents_ > 1) return false;
    if (++values_ <= kMaxValues) return true;
    if (values_ == kMaxValues + 1) report_.error(position(mark), "there are too many values");
    return false;
  }

  bool stop_at_open_quote(const YAML::Mark &mark) {
    is_stopped_ = lines_.has_open_quote(position(mark));
    if (is_stopped_) syntax_error(mark, "the quote is not closed on its line");
    return is_stopped_;
  }

  [[nodiscard]] bool wants_key() const {
    return !frames_.empty() && frames_.back().node.kind == Kind::Map && !frames_.back().entry &&
           !frames_.back().drop;
  }

  void check_tag(const YAML::Mark &mark, const std::string &tag) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      report_.error(position(mark), "tags are not supported");
    }
  }

  void take_key(Position at, const std::string &key) {
    Frame &frame = frames_.back();
    if (!frame.keys.insert(key).second) {
      return refuse_key(at, second_time(key));
    }
    frame.entry = YamlEntry{key, at, {}};
  }

  void refuse_key(Position at, std::string message) {
    report_.error(at, std::move(message));
    frames_.back().drop = true;
  }

  void open(const YAML::Mark &mark, const std::string &tag, Kind kind) {
    const bool entered = enter(mark);
    if (!entered || frames_.size() >= kMaxDepth) {
      if (entered) too_deep(mark);
      ++skipped_;
      return;
    }
    check_tag(mark, tag);
    Frame frame{.node = {.kind = kind, .position = position(mark)}};
    if (wants_key()) {
      refuse_key(position(mark), "a key must be plain text");
      frame.is_key = true;
    }
    frames_.push_back(std::move(frame));
  }

  void close_or_count() {
    if (skipped_ == 0) return close();
    if (--skipped_ == 0 && values_ <= kMaxValues) attach({.kind = Kind::Broken});
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (frame.entry) add_entry(frame, {.kind = Kind::Broken});
    if (!frame.is_key) attach(std::move(frame.node));
  }

  static void add_entry(Frame &frame, YamlNode value) {
    frame.entry->value = std::move(value);
    frame.node.entries.push_back(std::move(*frame.entry));
    frame.entry.reset();
  }

  // Gives a finished value to what it stands in.
  void attach(YamlNode node) {
    if (frames_.empty()) return attach_root(std::move(node));
    Frame &frame = frames_.back();
    if (frame.drop) {
      frame.drop = false;
    } else if (frame.node.kind == Kind::List) {
      frame.node.items.push_back(std::move(node));
    } else if (frame.entry) {
      add_entry(frame, std::move(node));
    } else {
      frame.drop = true;  // this was a key, and it was skipped for its depth
    }
  }

  // After a recovery the rest of the file is a further map, whose sections join the first one's.
  void attach_root(YamlNode node) {
    if (node.kind != Kind::Map) {
      if (root_.kind == Kind::Null) root_ = std::move(node);
      return;
    }
    if (root_.kind != Kind::Map) root_ = {.kind = Kind::Map, .position = node.position};
    for (YamlEntry &entry : node.entries) {
      if (root_keys_.insert(entry.key).second) {
        root_.entries.push_back(std::move(entry));
      } else {
        report_.error(entry.position, second_time(entry.key));
      }
    }
  }

  const SourceLines &lines_;
  Report &report_;
  YamlNode root_;
  std::set<std::string, std::less<>> root_keys_;
  std::vector<Frame> frames_;
  std::optional<Position> last_error_;
  std::size_t skipped_ = 0;  // how many maps and lists are open inside of a refused one
  std::size_t values_ = 0;
  int documents_ = 0;
  bool is_too_deep_ = false;
  bool is_stopped_ = false;
  std::uint32_t first_line_ = 0;
  std::uint32_t last_line_ = 0;
};

// One document from `text`; false when it stops being YAML somewhere.
bool parse_document(std::string_view text, TreeBuilder &builder) {
  try {
    std::ispanstream stream(std::span<const char>(text.data(), text.size()));
    YAML::Parser parser(stream);
    // The second call is there to find a second document, which the builder refuses.
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);
    if (!builder.is_stopped()) return true;
  } catch (const YAML::DeepRecursion &error) {
    builder.too_deep(error.mark);
  } catch (const YAML::Exception &error) {
    builder.syntax_error(error.mark, error.msg);
  } catch (const std::exception &error) {
    builder.syntax_error(YAML::Mark::null_mark(), error.what());
  }
  builder.abandon();
  return false;
}

}  // namespace

YamlDocument parse_yaml(std::string_view text, Report &report) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const auto clean = clean_text(text, report);
  if (!clean) return {.root = {.kind = Kind::Broken}, .is_whole = false};
  const SourceLines lines(*clean);
  TreeBuilder builder(lines, report);
  bool is_whole = true;
  std::optional<std::uint32_t> start = 0;
  for (int recoveries = 0; start && recoveries < kMaxRecoveries; ++recoveries) {
    builder.start_at(*start);
    if (parse_document(lines.from(*start), builder)) break;
    is_whole = false;
    start = lines.section_after(builder.last_line());
  }
  return {builder.take(), is_whole};
}

}  // namespace sluice::config
