// SPDX-License-Identifier: Apache-2.0
// SLUICE_CHECK: a broken invariant is a bug in Sluice, and a node in a wrong state must stop rather
// than run on. It stays active in release builds; SLUICE_DCHECK only in debug and sanitizer builds.
#pragma once

namespace sluice::base {

[[noreturn]] void check_failed(const char *expression, const char *file, int line) noexcept;

}  // namespace sluice::base

#define SLUICE_CHECK(expression) \
  ((expression) ? (void)0 : ::sluice::base::check_failed(#expression, __FILE__, __LINE__))

#ifdef SLUICE_DEBUG
#define SLUICE_DCHECK(expression) SLUICE_CHECK(expression)
#else
#define SLUICE_DCHECK(expression) ((void)0)
#endif
