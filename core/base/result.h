// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value or an Error. One alias, so that the expected type behind it can move.
#pragma once

#include <expected>

#include "base/error.h"

namespace sluice::base {

template <class T>
using Result = std::expected<T, Error>;

using Status = Result<void>;

inline std::unexpected<Error> fail(Error error) { return std::unexpected<Error>(error); }
inline std::unexpected<Error> fail(Domain domain, Code code, const char *what) {
  return std::unexpected<Error>(Error{domain, code, 0, what});
}

}  // namespace sluice::base

// Declares `var` with the value of `expr`, or returns its error from the enclosing function.
#define SLUICE_TRY(var, expr)                                           \
  auto var##_result = (expr);                                           \
  if (!var##_result) return ::sluice::base::fail(var##_result.error()); \
  auto var = std::move(*var##_result)

// The same for a Status, which has no value.
#define SLUICE_TRY_VOID(expr) \
  if (auto status_ = (expr); !status_) return ::sluice::base::fail(status_.error())
