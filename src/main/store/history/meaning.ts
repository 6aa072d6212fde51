// What history is about: what somebody wanted, not what was observed. A change of status, of field ownership or of a
// heartbeat alone is no new revision.
import { crc32 } from 'node:zlib'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { encodeJson } from '../../../shared/machinery/json-text.ts'

/** Kinds that only tell what was observed, or that are written all the time. */
const LEFT_OUT = [
  '/registry/coordination.k8s.io/leases/',
  '/registry/core/events/',
  '/registry/core/endpoints/',
  '/registry/discovery.k8s.io/endpointslices/',
]

export const hasHistory = (key: string): boolean =>
  key.startsWith('/registry/') && !LEFT_OUT.some(prefix => key.startsWith(prefix))

export function meaningHash(object: AnyObject): string {
  const { status: _status, metadata, ...rest } = object
  const { resourceVersion: _version, managedFields: _fields, generation: _generation, ...kept } = metadata
  return crc32(encodeJson([rest, kept]))
    .toString(16)
    .padStart(8, '0')
}
