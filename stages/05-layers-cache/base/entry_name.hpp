#pragma once
/// \file
/// What a name inside a layer's tar may be, and what it means. Pure functions: no file is touched here.
///
/// A layer is a tar of changes. Most entries are files to add; two kinds of names are signs instead (OCI image-spec,
/// layer.md "Whiteouts"): `.wh.NAME` says that NAME of the layers below is gone, `.wh..wh..opq` that everything
/// below is gone from this folder.

#include <string>
#include <string_view>

namespace slipway {

/// What an entry's name asks for.
enum class EntryKind {
  root,      ///< "./": the attributes of the layer's root itself
  plain,     ///< a file, folder, link …
  whiteout,  ///< hides `base` of the layers below
  opaque,    ///< hides all that the layers below have in `parent`
  ignored    ///< aufs' own book-keeping (.wh..wh.plnk and so on), which old images still carry
};

/// A checked name, taken apart. Both parts are relative, without "." or "..".
struct EntryName {
  EntryKind kind = EntryKind::plain;
  std::string parent;  ///< "usr/lib", or "" for the root
  std::string base;    ///< "libc.so"; for a whiteout the name that it hides; "" for root and opaque
};

/// Longest name of an entry, and of a link's target: PATH_MAX.
inline constexpr std::size_t kMaxEntryName = 4096;

/// Checks and takes apart. \throws Refused for an empty, absolute or too long name, one with "..", a bad whiteout
EntryName parse_entry_name(std::string_view name);

/// Cleans a name that stands for a file from the root on, such as a hard link's target: "./a//b" becomes "a/b".
/// \throws Refused as above
std::string clean_entry_name(std::string_view name);

/// Checks a symbolic link's target: it may be absolute (it is read inside the root then), but may not climb above the
/// root. The kernel would stop it there; a link that tries is an attack on everyone who reads the tree from outside.
/// \param parent  the folder that the link stands in, cleaned
/// \throws Refused
void check_link_target(std::string_view parent, std::string_view target);

}  // namespace slipway
