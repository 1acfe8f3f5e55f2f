// SPDX-License-Identifier: Apache-2.0
#include "http/blocking_client.h"

#include <curl/curl.h>

#include <memory>

namespace sluice::http {
namespace {

using base::Code;
using base::Domain;

struct EasyClose {
  void operator()(CURL *easy) const { curl_easy_cleanup(easy); }
};
struct ListFree {
  void operator()(curl_slist *list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListFree>;

struct Collector {
  std::string body;
  std::size_t max_bytes;
  bool overflowed = false;
};

std::size_t collect(char *data, std::size_t, std::size_t size, void *user) noexcept {
  auto &into = *static_cast<Collector *>(user);
  if (size > into.max_bytes - into.body.size()) {
    into.overflowed = true;
    return 0;  // makes curl end the transfer
  }
  into.body.append(data, size);
  return size;
}

HeaderList header_list(const std::vector<Field> &headers) {
  curl_slist *list = nullptr;
  for (const Field &field : headers)
    list = curl_slist_append(list, (field.name + ": " + field.value).c_str());
  return HeaderList(list);
}

std::unexpected<base::Error> error_of(CURLcode code, bool overflowed, int sys = 0) {
  if (overflowed) return base::fail(Domain::Http, Code::TooLarge, "the answer is too large");
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return base::fail(Domain::Http, Code::TimedOut, "no answer in time");
    case CURLE_COULDNT_CONNECT:
      return base::fail({Domain::Http, Code::Closed, sys, "cannot connect"});
    case CURLE_COULDNT_RESOLVE_HOST:
      return base::fail(Domain::Http, Code::Closed, "no such host");
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
      return base::fail(Domain::Http, Code::Closed, "the connection ended before the answer did");
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return base::fail(Domain::Http, Code::Malformed, "not an http or https URL");
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
      return base::fail(Domain::Http, Code::System, "cannot set up the request");
    default:
      return base::fail(Domain::Http, Code::Malformed, "the answer is not valid HTTP");
  }
}

void set_options(CURL *easy, const ClientRequest &request) {
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(request.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.total_timeout.count()));
  if (request.method == Method::Head) {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (request.method != Method::Get) {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method_name(request.method));
  }
  if (request.method == Method::Put || request.method == Method::Post) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
  }
}

// curl_global_init is not thread-safe in older versions, so it is done once, by whoever comes
// first.
bool global_ready() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return ready;
}

}  // namespace

base::Result<ClientResponse> request_blocking(const ClientRequest &request) {
  std::unique_ptr<CURL, EasyClose> easy(global_ready() ? curl_easy_init() : nullptr);
  if (easy == nullptr) return error_of(CURLE_FAILED_INIT, false);
  Collector collector{.body = {}, .max_bytes = request.max_body_bytes};
  HeaderList headers = header_list(request.headers);
  set_options(easy.get(), request);
  curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, &collect);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &collector);
  CURLcode code = curl_easy_perform(easy.get());
  if (code != CURLE_OK) {
    long sys = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_OS_ERRNO, &sys);
    return error_of(code, collector.overflowed, static_cast<int>(sys));
  }
  long status = 0;
  const char *type = nullptr;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy.get(), CURLINFO_CONTENT_TYPE, &type);
  ClientResponse response;
  response.status = static_cast<int>(status);
  response.content_type = type != nullptr ? type : "";
  response.body = std::move(collector.body);
  return response;
}

}  // namespace sluice::http
