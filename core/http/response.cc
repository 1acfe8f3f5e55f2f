// SPDX-License-Identifier: Apache-2.0
#include "http/response.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/clock.h"
#include "base/json.h"
#include "wire/text.h"

namespace sluice::http {
namespace {

// A value that came from a peer must not be able to end its line.
void append_value(std::string &out, std::string_view value) {
  for (char c : value) {
    auto byte = static_cast<unsigned char>(c);
    out.push_back(byte < 0x20 || byte == 0x7f ? ' ' : c);
  }
}

void append_field(std::string &out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  append_value(out, value);
  out.append("\r\n");
}

// The date format of RFC 9110 section 5.6.7, whatever the locale says.
std::string http_date() {
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::time_t now = base::wall_us() / 1'000'000;
  std::tm utc{};
  gmtime_r(&now, &utc);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                     kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                     kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                     utc.tm_min, utc.tm_sec);
}

bool has_field(const std::vector<Field> &headers, std::string_view name) {
  return std::ranges::any_of(
      headers, [&](const Field &field) { return equal_ignoring_case(field.name, name); });
}

// Calls add(name, value) for what every answer carries, and for the answer's own.
template <class Add>
void each_common_field(const std::vector<Field> &headers, const HeadContext &context, Add add) {
  add("Date", http_date());
  add("Server", "Sluice");
  if (!context.cors_origin.empty()) {
    add("Access-Control-Allow-Origin", context.cors_origin);
    add("Access-Control-Expose-Headers", "X-Correlation-ID, Retry-After");
  }
  if (!context.correlation_id.empty()) add("X-Correlation-ID", context.correlation_id);
  add("X-Content-Type-Options", "nosniff");
  add("Referrer-Policy", "no-referrer");
  if (!has_field(headers, "Cache-Control")) add("Cache-Control", "no-store");
  for (const Field &field : headers)
    add(field.name, field.value);
}

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

// The same for a complete answer.
template <class Add>
void each_field(const Response &response, const HeadContext &context, Add add) {
  each_common_field(response.headers, context, add);
  if (!may_have_body(response.status)) return;
  if (!response.content_type.empty()) add("Content-Type", response.content_type);
  std::uint64_t length = response.stored.body ? response.stored.size() : response.body.size();
  if (!response.unknown_length) add("Content-Length", std::to_string(length));
}

std::string status_line(int status) {
  return fmt::format("HTTP/1.1 {} {}\r\n", status, reason_phrase(status));
}

auto appending_to(std::string &head) {
  return
      [&head](std::string_view name, std::string_view value) { append_field(head, name, value); };
}

// RFC 9113 section 8.2.2.
bool is_of_connection(std::string_view name) {
  static constexpr std::array kNames = {"Connection", "Upgrade", "Keep-Alive", "Transfer-Encoding"};
  return std::ranges::any_of(kNames, [&](auto one) { return equal_ignoring_case(name, one); });
}

}  // namespace

const char *reason_phrase(int status) {
  struct Row {
    int status;
    const char *phrase;
  };
  static constexpr Row kRows[] = {
      {100, "Continue"},
      {101, "Switching Protocols"},
      {200, "OK"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {302, "Found"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {402, "Payment Required"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {421, "Misdirected Request"},
      {426, "Upgrade Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
  };
  for (const Row &row : kRows) {
    if (row.status == status) return row.phrase;
  }
  return "Status";
}

Response error_response(int status, std::string_view code, std::string_view message,
                        std::string_view correlation_id) {
  base::Json json;
  json["code"] = code;
  json["message"] = message;
  json["correlation_id"] = correlation_id;
  Response response;
  response.status = status;
  response.body = base::dump(json);
  return response;
}

Response unavailable_response(std::string_view code, std::string_view message,
                              std::string_view correlation_id, std::chrono::seconds retry_after) {
  Response response = error_response(503, code, message, correlation_id);
  response.headers = {{"Retry-After", std::to_string(retry_after.count())}};
  return response;
}

std::vector<Field> response_fields(const Response &response, const HeadContext &context) {
  std::vector<Field> fields;
  each_field(response, context, [&](std::string_view name, std::string_view value) {
    if (is_of_connection(name)) return;
    fields.push_back({wire::to_lower(name), {}});
    append_value(fields.back().value, value);
  });
  return fields;
}

std::string response_head(const Response &response, const HeadContext &context) {
  std::string head = status_line(response.status);
  each_field(response, context, appending_to(head));
  if (context.close) {
    append_field(head, "Connection", "close");
  } else if (context.minor_version == 0) {
    append_field(head, "Connection", "keep-alive");
  }
  return head + "\r\n";
}

std::string stream_response_head(int status, const std::vector<Field> &headers,
                                 const HeadContext &context) {
  std::string head = status_line(status);
  each_common_field(headers, context, appending_to(head));
  if (status != 101) append_field(head, "Connection", "close");
  return head + "\r\n";
}

}  // namespace sluice::http
