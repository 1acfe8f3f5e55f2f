// SPDX-License-Identifier: Apache-2.0
// Rules that tie several keys together, asked when every file has been bound.
#pragma once

#include "config/bind.h"
#include "config/report.h"

namespace sluice::config {

void check_rules(const Bindings &bindings, Report &report);

}  // namespace sluice::config
