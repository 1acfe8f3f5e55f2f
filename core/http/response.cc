// SPDX-License-Identifier: Apache-2.0
#include "http/response.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/clock.h"
#include "base/json.h"

namespace sluice::http {
namespace {

// A value that came from a peer must not be able to end its line.
void append_field(std::string &out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (char c : value) {
    auto byte = static_cast<unsigned char>(c);
    out.push_back(byte < 0x20 || byte == 0x7f ? ' ' : c);
  }
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

// Status line and what every answer carries.
std::string begin_head(int status, const std::vector<Field> &headers, const HeadContext &context) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", status, reason_phrase(status));
  append_field(head, "Date", http_date());
  append_field(head, "Server", "Sluice");
  if (!context.cors_origin.empty()) {
    append_field(head, "Access-Control-Allow-Origin", context.cors_origin);
    append_field(head, "Access-Control-Expose-Headers", "X-Correlation-ID, Retry-After");
  }
  if (!context.correlation_id.empty()) {
    append_field(head, "X-Correlation-ID", context.correlation_id);
  }
  append_field(head, "X-Content-Type-Options", "nosniff");
  append_field(head, "Referrer-Policy", "no-referrer");
  if (!has_field(headers, "Cache-Control")) append_field(head, "Cache-Control", "no-store");
  for (const Field &field : headers)
    append_field(head, field.name, field.value);
  return head;
}

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

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

std::string response_head(const Response &response, const HeadContext &context) {
  std::string head = begin_head(response.status, response.headers, context);
  if (may_have_body(response.status)) {
    bool known = !response.unknown_length;
    if (!response.content_type.empty()) append_field(head, "Content-Type", response.content_type);
    std::uint64_t length = response.stored.body ? response.stored.size() : response.body.size();
    if (known) append_field(head, "Content-Length", std::to_string(length));
  }
  if (context.close) {
    append_field(head, "Connection", "close");
  } else if (context.minor_version == 0) {
    append_field(head, "Connection", "keep-alive");
  }
  return head + "\r\n";
}

std::string stream_response_head(int status, const std::vector<Field> &headers,
                                 const HeadContext &context) {
  std::string head = begin_head(status, headers, context);
  if (status != 101) append_field(head, "Connection", "close");
  return head + "\r\n";
}

}  // namespace sluice::http
