// SPDX-License-Identifier: Apache-2.0
#include "ingest/rtsp/keep_alive.h"

#include <algorithm>

namespace sluice::ingest::rtsp {
namespace {

// Some cameras state timeouts far longer than they keep, and some are behind firewalls that forget
// a quiet connection.
constexpr base::Millis kLongest{25'000};
constexpr base::Millis kShortest{1'000};

}  // namespace

void KeepAlive::learn_public(std::string_view value) {
  bool names_nothing = value.empty();
  bool get_parameter = value.contains("GET_PARAMETER");
  set_parameter_ = names_nothing || value.contains("SET_PARAMETER");
  if (method_ == Method::GetParameter && !get_parameter) move_on();
  if (method_ == Method::SetParameter && !set_parameter_) move_on();
}

void KeepAlive::answered(int status) {
  if (status >= 400) move_on();
}

void KeepAlive::ended(base::Millis after, base::Millis timeout) {
  if (after < timeout * 3 / 4 || after > timeout * 2) return;
  if (method_ == Method::Reports) {
    method_ = Method::GetParameter;
  } else {
    move_on();
  }
}

void KeepAlive::move_on() {
  switch (method_) {
    case Method::GetParameter:
      method_ = Method::Options;
      return;
    case Method::Options:
      method_ = set_parameter_ ? Method::SetParameter : Method::Reports;
      return;
    case Method::SetParameter:
    case Method::Reports:
      method_ = Method::Reports;
      return;
  }
}

std::string_view KeepAlive::name() const {
  switch (method_) {
    case Method::GetParameter:
      return "GET_PARAMETER";
    case Method::Options:
      return "OPTIONS";
    case Method::SetParameter:
      return "SET_PARAMETER";
    case Method::Reports:
      return "";
  }
  return "";
}

base::Millis KeepAlive::interval(base::Millis timeout) {
  return std::clamp(timeout / 2, kShortest, kLongest);
}

}  // namespace sluice::ingest::rtsp
