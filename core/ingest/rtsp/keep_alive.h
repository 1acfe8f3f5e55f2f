// SPDX-License-Identifier: Apache-2.0
// KeepAlive: which request a camera takes as a sign of life, and how often it wants one. Every
// method breaks some camera, so it is learnt: what the camera names in Public comes first, and a
// method that it refuses is not used again. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"

namespace sluice::ingest::rtsp {

class KeepAlive {
 public:
  // In the order in which they are tried. Reports: no request at all, the RTCP receiver reports are
  // the sign of life.
  enum class Method : std::uint8_t { GetParameter, Options, SetParameter, Reports };

  // begin_with: what this camera took before.
  explicit KeepAlive(Method begin_with = Method::GetParameter) : method_(begin_with) {}

  // The value of Public. A method that it does not name is not tried; a camera that names nothing
  // is asked with OPTIONS, which most of them take.
  void learn_public(std::string_view value);
  // The camera's answer to the last one. An error moves on to the next method.
  void answered(int status);
  // The camera ended a session so long after it began to play. When that is about when it would
  // have timed out, the sign of life was answered and did not count: the next method is used, and
  // after the last one the first again.
  void ended(base::Millis after, base::Millis timeout);

  [[nodiscard]] Method method() const { return method_; }
  // The name of the request; empty for Reports.
  [[nodiscard]] std::string_view name() const;

  // How long to wait between two, for a session that the camera ends after `timeout` without one.
  // Half of it leaves room for one that is lost.
  static base::Millis interval(base::Millis timeout);

 private:
  void move_on();

  Method method_;
  bool set_parameter_ = true;  // may be tried
};

}  // namespace sluice::ingest::rtsp
