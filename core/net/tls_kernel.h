// SPDX-License-Identifier: Apache-2.0
// Whether the kernel can encrypt for TLS connections (Documentation/networking/tls.rst of Linux).
#pragma once

namespace sluice::net {

// Asks the kernel each time. It may load its module only for the superuser, so for a service it
// is there when the operator has loaded it.
bool kernel_has_tls();

}  // namespace sluice::net
