// The name of the Node that a host becomes.
import type { Host } from '../../shared/api/flotilla/v1.ts'

/** @param hostname as the host calls itself */
export function nodeNameOf(host: Host, hostname: string): string {
  const clean = hostname
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
    .slice(0, 63)
  return host.spec.nodeName ?? host.status.nodeName ?? (clean || host.metadata.name)
}
