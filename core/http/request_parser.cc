// SPDX-License-Identifier: Apache-2.0
#include "http/request_parser.h"

#include <llhttp/llhttp.h>

#include <utility>

#include "http/request_check.h"

namespace sluice::http {
namespace {

static_assert(LLHTTP_VERSION_MAJOR >= 8);

ParseError body_too_large() { return {413, "body_too_large", "the request's body is too large"}; }

Method method_of(const llhttp_t &parser) {
  switch (parser.method) {
    case HTTP_HEAD:
      return Method::Head;
    case HTTP_OPTIONS:
      return Method::Options;
    case HTTP_POST:
      return Method::Post;
    case HTTP_PUT:
      return Method::Put;
    case HTTP_DELETE:
      return Method::Delete;
    default:
      return Method::Get;  // HeadReader lets no other through
  }
}

void trim_end(std::string &text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.pop_back();
}

}  // namespace

// llhttp and what its callbacks collect. Lives in one place on the heap, because llhttp points back
// to it.
struct RequestParser::Machine {
  explicit Machine(const RequestLimits &request_limits) : limits(request_limits) {
    llhttp_init(&parser, HTTP_REQUEST, &settings());
    parser.data = this;
  }

  static const llhttp_settings_t &settings();
  static Machine &of(const llhttp_t *parser) { return *static_cast<Machine *>(parser->data); }

  int on_field(const char *at, std::size_t size);
  int on_value(const char *at, std::size_t size);
  int on_body(const char *at, std::size_t size);

  // Bytes consumed, or nothing on an error.
  std::optional<std::size_t> execute(std::string_view bytes);

  llhttp_t parser{};
  RequestLimits limits;
  Request request;
  std::string target;
  bool in_value = false;
  bool head_done = false;
  bool done = false;
  std::optional<ParseError> error;
};

const llhttp_settings_t &RequestParser::Machine::settings() {
  static const llhttp_settings_t table = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_url = [](llhttp_t *p, const char *at, std::size_t size) noexcept {
      of(p).target.append(at, size);
      return 0;
    };
    s.on_header_field = [](llhttp_t *p, const char *at, std::size_t size) noexcept {
      return of(p).on_field(at, size);
    };
    s.on_header_value = [](llhttp_t *p, const char *at, std::size_t size) noexcept {
      return of(p).on_value(at, size);
    };
    s.on_header_value_complete = [](llhttp_t *p) noexcept {
      of(p).in_value = true;  // also of an empty value
      return 0;
    };
    s.on_headers_complete = [](llhttp_t *p) noexcept {
      of(p).head_done = true;
      return 0;
    };
    s.on_body = [](llhttp_t *p, const char *at, std::size_t size) noexcept {
      return of(p).on_body(at, size);
    };
    s.on_message_complete = [](llhttp_t *p) noexcept {
      of(p).done = true;
      return static_cast<int>(HPE_PAUSED);
    };
    return s;
  }();
  return table;
}

int RequestParser::Machine::on_field(const char *at, std::size_t size) {
  if (head_done) {
    error = bad_request("trailers are not taken");
    return -1;
  }
  if (request.headers.empty() || in_value) request.headers.emplace_back();
  in_value = false;
  request.headers.back().name.append(at, size);
  return 0;
}

int RequestParser::Machine::on_value(const char *at, std::size_t size) {
  if (request.headers.empty()) return -1;
  in_value = true;
  request.headers.back().value.append(at, size);
  return 0;
}

int RequestParser::Machine::on_body(const char *at, std::size_t size) {
  if (size > limits.max_body_bytes - request.body.size()) {
    error = body_too_large();
    return -1;
  }
  request.body.append(at, size);
  return 0;
}

std::optional<std::size_t> RequestParser::Machine::execute(std::string_view bytes) {
  llhttp_errno_t result = llhttp_execute(&parser, bytes.data(), bytes.size());
  if (result == HPE_OK) return bytes.size();
  bool paused = result == HPE_PAUSED || result == HPE_PAUSED_UPGRADE;
  if (!paused || !done) return std::nullopt;
  return static_cast<std::size_t>(llhttp_get_error_pos(&parser) - bytes.data());
}

RequestParser::RequestParser(const RequestLimits &limits) : limits_(limits), head_(limits) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser &&) noexcept = default;
RequestParser &RequestParser::operator=(RequestParser &&) noexcept = default;

RequestParser::Progress RequestParser::feed(std::string_view input) {
  if (input.empty() || phase_ == Phase::Failed || phase_ == Phase::Complete) {
    Step step = phase_ == Phase::Failed     ? Step::Failed
                : phase_ == Phase::Complete ? Step::Complete
                                            : Step::NeedMore;
    return {step, 0};
  }
  started_ = true;
  if (phase_ == Phase::Body) return feed_body(input);
  std::size_t consumed = 0;
  auto complete = head_.feed(input, consumed);
  if (!complete) return fail(complete.error(), consumed);
  if (!*complete) return {Step::NeedMore, consumed};
  if (auto error = begin_message()) return fail(*error, consumed);
  head_ = HeadReader(limits_);
  if (machine_->done) {
    phase_ = Phase::Complete;
    return {Step::Complete, consumed};
  }
  phase_ = Phase::Body;
  if (consumed < input.size()) {
    Progress body = feed_body(input.substr(consumed));
    return {body.step, consumed + body.consumed};
  }
  bool waits = machine_->request.minor_version >= 1 && machine_->request.find_header("Expect");
  return {waits ? Step::SendContinue : Step::NeedMore, consumed};
}

RequestParser::Progress RequestParser::fail(const ParseError &error, std::size_t consumed) {
  phase_ = Phase::Failed;
  error_ = error;
  return {Step::Failed, consumed};
}

// The head is complete: lets llhttp read it and holds the result against everything that it must
// be.
std::optional<ParseError> RequestParser::begin_message() {
  machine_ = std::make_unique<Machine>(limits_);
  Request &request = machine_->request;
  auto consumed = machine_->execute(head_.text());
  for (Field &field : request.headers)
    trim_end(field.value);
  if (!consumed || *consumed != head_.text().size() || !machine_->head_done ||
      request.headers.size() != head_.fields()) {
    return bad_request("the request's head is not valid HTTP");
  }
  request.method = method_of(machine_->parser);
  request.minor_version = machine_->parser.http_minor;
  request.keep_alive = llhttp_should_keep_alive(&machine_->parser) != 0;
  request.upgrade = machine_->parser.upgrade != 0;
  if (auto error = check_fields(request, limits_)) return error;
  return read_target(machine_->target, request);
}

RequestParser::Progress RequestParser::feed_body(std::string_view input) {
  auto consumed = machine_->execute(input);
  if (!consumed) {
    return fail(machine_->error.value_or(bad_request("the request's body is not valid HTTP")),
                input.size());
  }
  // The frames of tiny chunks, and chunk extensions, are not worth more than the body that they
  // carry.
  body_wire_bytes_ += *consumed;
  if (body_wire_bytes_ > 2 * limits_.max_body_bytes + 1024)
    return fail(body_too_large(), *consumed);
  if (!machine_->done) return {Step::NeedMore, *consumed};
  phase_ = Phase::Complete;
  return {Step::Complete, *consumed};
}

Request RequestParser::take() {
  machine_->request.correlation_id = correlation_id();
  return std::move(machine_->request);
}

std::string RequestParser::correlation_id() const {
  return correlation_id_for(machine_ != nullptr ? machine_->request : Request());
}

}  // namespace sluice::http
