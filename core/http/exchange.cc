// SPDX-License-Identifier: Apache-2.0
#include "http/exchange.h"

#include <utility>

namespace sluice::http {

Exchange::Exchange(ExchangeHost &host, Request request)
    : request_(std::move(request)), loop_(host.loop()), host_(&host) {}

Exchange::~Exchange() {
  if (host_ != nullptr) respond_error(500, "internal_error", "the request was not answered");
}

void Exchange::respond(Response response) {
  loop_.assert_here();
  if (host_ == nullptr) return;
  answered_ = true;
  on_abort_ = nullptr;
  std::exchange(host_, nullptr)->answer(request_, std::move(response));
}

void Exchange::respond_error(int status, std::string_view code, std::string_view message,
                             std::vector<Field> headers) {
  Response response = error_response(status, code, message, request_.correlation_id);
  response.headers = std::move(headers);
  respond(std::move(response));
}

void Exchange::respond_unavailable(std::string_view code, std::string_view message,
                                   std::chrono::seconds retry_after) {
  respond(unavailable_response(code, message, request_.correlation_id, retry_after));
}

bool Exchange::claim_connection() {
  loop_.assert_here();
  if (host_ == nullptr) return false;
  if (host_->claim()) return true;
  host_ = nullptr;
  answered_ = true;
  on_abort_ = nullptr;
  return false;
}

std::string Exchange::stream_head(int status, const std::vector<Field> &headers) {
  loop_.assert_here();
  if (host_ == nullptr) return {};
  host_->count_answer(status);
  return stream_response_head(status, headers, host_->head_context(request_));
}

Detached Exchange::detach() {
  loop_.assert_here();
  if (host_ == nullptr) return {};
  answered_ = true;
  on_abort_ = nullptr;
  return std::exchange(host_, nullptr)->hand_over();
}

void Exchange::abort() {
  host_ = nullptr;
  if (auto callback = std::exchange(on_abort_, nullptr)) callback();
}

}  // namespace sluice::http
