// SPDX-License-Identifier: Apache-2.0
// A client's bytes: what the request parser makes of them must not depend on how they are cut, and
// a request that comes out must keep every promise that the handlers rely on.
#include <string>
#include <string_view>

#include "base/check.h"
#include "fuzz_input.h"
#include "http/request_parser.h"
#include "http_promises.h"

namespace {

using namespace sluice;
using http::Request;
using http::RequestParser;

// Everything that a connection's bytes mean, in one text.
class Reader {
 public:
  void feed(std::string_view piece) {
    while (!piece.empty() && !failed_) {
      auto [step, consumed] = parser_.feed(piece);
      piece.remove_prefix(consumed);
      if (step == RequestParser::Step::Failed) {
        failed_ = true;
        seen_ += std::to_string(parser_.error().status);
      } else if (step == RequestParser::Step::Complete) {
        end_request(parser_.take());
        parser_ = RequestParser(fuzz::kLimits);
      } else {
        SLUICE_CHECK(consumed > 0);
      }
    }
  }
  [[nodiscard]] std::string seen() const {
    return seen_ + (!failed_ && parser_.started() ? " unfinished" : "");
  }

 private:
  void end_request(const Request &request) {
    fuzz::check_request(request);
    seen_.append(http::method_name(request.method)).append(" ").append(request.path);
    for (const http::Field &field : request.headers)
      seen_.append("\n").append(field.name).append(":").append(field.value);
    seen_.append("\n\n").append(request.body).append("\n");
    seen_.append(request.keep_alive ? "kept" : "closed").append(request.upgrade ? " up\n" : "\n");
  }

  RequestParser parser_{fuzz::kLimits};
  std::string seen_;
  bool failed_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  base::Bytes input = fuzz::input_bytes(data, size);
  fuzz::Pieces pieces(fuzz::take_byte(input));
  Reader whole;
  whole.feed(base::as_text(input));
  Reader cut;
  while (!input.empty())
    cut.feed(base::as_text(pieces.next(input)));
  SLUICE_CHECK(whole.seen() == cut.seen());
  return 0;
}
