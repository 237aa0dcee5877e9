#pragma once
/// \file
/// A container's changes as a layer: the upper folder of its overlay, read as overlayfs wrote it, becomes a tar as the
/// OCI image-spec (layer.md) wants it. The reverse of `Extractor`.
///
///     upper/                                      the layer
///     ├── etc/motd           a file               etc/  etc/motd
///     ├── bin/less           char device 0:0      bin/  bin/.wh.less       less is gone
///     └── srv/  trusted.overlay.opaque=y          srv/  srv/.wh..wh..opq   nothing of the lower srv/ shows
///
/// The upper folder is the container's to write: names and links in it are a stranger's. Every path is opened inside
/// the root (`root_dir.hpp`), and the container may go on changing it meanwhile.

#include "03-namespaces/base/root_dir.hpp"
#include "tar_stream.hpp"

namespace slipway {

/// Packs all that is in `upper`, in the order of the names' bytes; the root's own attributes are left out, and so are
/// sockets, as docker does. Calls `tar.finish()`.
/// \throws Refused  a name that no layer can hold: longer than PATH_MAX, or one that begins with ".wh."
/// \throws std::runtime_error  a file that got shorter while it was read, or an overlay's redirection, which no tar can say
/// \throws SysError
void pack_changes(const RootDir& upper, TarStream& tar);

}  // namespace slipway
