// What a node tells of packets that come to its tunnel's port from a machine that may become a node, at
// POST /api/v1/nodes/NAME/proxy/flotilla/arrivals?from=ADDRESS: the contract between agents and the preflight of hosts.

export interface Arrivals {
  /** Whether one came while it looked, for some seconds; all the time it sent some to the same port over there. */
  readonly arrived: boolean
}

export const arrivalsPath = (nodeName: string, from: string): string =>
  `/api/v1/nodes/${encodeURIComponent(nodeName)}/proxy/flotilla/arrivals?from=${encodeURIComponent(from)}`
