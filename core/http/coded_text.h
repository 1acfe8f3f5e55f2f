// SPDX-License-Identifier: Apache-2.0
// CodedText: a text that many requests are answered with, as it is or gzipped. It is compressed
// once, when somebody first asks for that, and so are its tags made. Lives on one loop.
#pragma once

#include <memory>
#include <string>

#include "http/body.h"
#include "http/request.h"
#include "http/response.h"

namespace sluice::http {

class CodedText {
 public:
  explicit CodedText(std::string text);

  // Gives the response, a 200 so far, the body that the request takes, or makes it a 304 when the
  // client has that already (RFC 9110 section 13.1.2). Adds ETag, which is another one for each
  // coding, and Vary. There are no ranges of a text that changes.
  void answer(const Request &request, Response &response);

  [[nodiscard]] const std::string &text() const { return plain_->text(); }

 private:
  using Text = std::shared_ptr<const TextBody>;
  // Null when it is not worth it.
  const Text &gzipped();
  const std::string &digest();

  Text plain_;
  Text gzipped_;
  bool compressed_ = false;  // gzipped_ is what it will be
  std::string digest_;       // empty: not known yet
};

}  // namespace sluice::http
