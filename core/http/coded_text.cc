// SPDX-License-Identifier: Apache-2.0
#include "http/coded_text.h"

#include <utility>

#include "base/hash.h"
#include "http/coding.h"
#include "http/ranges.h"

namespace sluice::http {
namespace {

// What is shorter goes into the same packet either way.
constexpr std::size_t kWorthCompressing = 200;

}  // namespace

CodedText::CodedText(std::string text) : plain_(std::make_shared<TextBody>(std::move(text))) {}

void CodedText::answer(const Request &request, Response &response) {
  const Text coded = accepts_gzip(request) ? gzipped() : nullptr;
  response.headers.push_back({"Vary", "Accept-Encoding"});
  response.stored = BodyRange::whole(coded ? coded : plain_);
  const std::string etag = "\"" + digest() + (coded ? "-gzip\"" : "\"");
  if (answer_if_held(request, etag, response)) return;
  if (coded) response.headers.push_back({"Content-Encoding", "gzip"});
}

const CodedText::Text &CodedText::gzipped() {
  if (std::exchange(compressed_, true) || text().size() < kWorthCompressing) return gzipped_;
  std::string coded = gzip(text());
  if (!coded.empty() && coded.size() < text().size()) {
    gzipped_ = std::make_shared<TextBody>(std::move(coded));
  }
  return gzipped_;
}

const std::string &CodedText::digest() {
  if (digest_.empty()) {
    const auto hash = base::sha256(base::as_bytes(text()));
    digest_ = base::hex(base::Bytes(hash).first(8));
  }
  return digest_;
}

}  // namespace sluice::http
