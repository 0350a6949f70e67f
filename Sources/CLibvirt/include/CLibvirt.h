/* libvirt's public headers and a table of its functions, loaded on first use. */
#ifndef CVM_LIBVIRT_H
#define CVM_LIBVIRT_H
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#endif
