// SPDX-License-Identifier: Apache-2.0
#include "http/h2_request_reader.h"

#include <algorithm>
#include <utility>

#include "http/request_check.h"

namespace sluice::http {
namespace {

// So many times the limit is still answered; more is an attack.
constexpr std::size_t kTolerance = 8;

ParseError header_too_large(const char *message) { return {431, "header_too_large", message}; }

bool is_host(const Field &field) { return equal_ignoring_case(field.name, "host"); }

}  // namespace

std::size_t h2_field_size(std::string_view name, std::string_view value) {
  constexpr std::size_t kOverhead = 32;
  return name.size() + value.size() + kOverhead;
}

bool H2RequestReader::add_field(std::string_view name, std::string_view value) {
  list_bytes_ += h2_field_size(name, value);
  if (list_bytes_ > kTolerance * limits_.max_header_bytes) return false;
  if (error_) return true;
  if (list_bytes_ > limits_.max_header_bytes) {
    fail(header_too_large("the request's head is too large"));
  } else if (name.starts_with(':')) {
    error_ = add_pseudo_field(name, value);
  } else if (request_.headers.size() >= limits_.max_headers) {
    fail(header_too_large("the request has too many headers"));
  } else {
    request_.headers.push_back({std::string(name), std::string(value)});
  }
  return true;
}

std::optional<ParseError> H2RequestReader::add_pseudo_field(std::string_view name,
                                                            std::string_view value) {
  std::optional<std::string> *field = name == ":method"      ? &method_
                                      : name == ":scheme"    ? &scheme_
                                      : name == ":authority" ? &authority_
                                      : name == ":path"      ? &target_
                                                             : nullptr;
  if (field == nullptr) return bad_request("the request has an unknown pseudo-header");
  if (field->has_value()) return bad_request("the request has a pseudo-header twice");
  *field = value;
  return std::nullopt;
}

void H2RequestReader::end_head() {
  head_ended_ = true;
  if (!error_) error_ = check_head();
}

void H2RequestReader::refuse_trailers() {
  if (!error_) fail(bad_request("trailers are not taken"));
}

void H2RequestReader::add_body(std::string_view bytes) {
  if (error_) return;
  if (bytes.size() > limits_.max_body_bytes - request_.body.size()) {
    request_.body = {};
    return fail({413, "body_too_large", "the request's body is too large"});
  }
  request_.body.append(bytes);
}

void H2RequestReader::drop() {
  request_ = {};
  for (auto *field : {&method_, &scheme_, &authority_, &target_})
    field->reset();
  fail(bad_request("the request is not read any further"));
}

std::optional<ParseError> H2RequestReader::check_head() {
  if (auto error = check_method(method_.value_or(""))) return error;
  request_.method = *method_named(*method_);
  if (scheme_ != "https") return bad_request("the scheme of the request is not https");
  if (auto error = settle_host()) return error;
  if (auto error = check_target(target_.value_or(""), limits_)) return error;
  if (auto error = check_fields(request_, limits_)) return error;
  bool has_form = target_->starts_with('/') || *target_ == "*";
  if (!has_form) return bad_request("the request target does not begin with a slash");
  return read_target(*target_, request_);
}

// One host: ":authority" takes the place of Host, which must not say anything else (RFC 9113
// section 8.3.1).
std::optional<ParseError> H2RequestReader::settle_host() {
  if (!authority_) return std::nullopt;
  for (const Field &field : request_.headers) {
    if (is_host(field) && !equal_ignoring_case(field.value, *authority_)) {
      return bad_request("the request names another host in Host than in :authority");
    }
  }
  std::erase_if(request_.headers, is_host);
  request_.headers.insert(request_.headers.begin(), {"host", *authority_});
  return std::nullopt;
}

bool H2RequestReader::wants_continue() const {
  return !error_ && request_.find_header("expect").has_value();
}

Request H2RequestReader::take() {
  request_.correlation_id = correlation_id();
  return std::move(request_);
}

std::string H2RequestReader::correlation_id() const { return correlation_id_for(request_); }

}  // namespace sluice::http
