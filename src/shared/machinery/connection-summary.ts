// What a node tells of the connections it sees, at /api/v1/nodes/NAME/proxy/flotilla/connections: the contract between
// agents and the topology view.

/** One end. Outside of the cluster all addresses are one end, so that a busy web server has one edge and not millions. */
export interface ConnectionEndpoint {
  readonly kind: 'pod' | 'node' | 'outside'
  /** Not for `outside`. */
  readonly ip?: string
  /** Known for pods of this node and for those behind Services. */
  readonly namespace?: string
  /** The pod's or the node's. */
  readonly name?: string
}

/** Connections from one end to one port of another. Each is told by one node only: the one that the client is on. */
export interface ConnectionEdge {
  readonly from: ConnectionEndpoint
  readonly to: ConnectionEndpoint
  /** The Service that was asked for, `namespace/name`; absent when the pod was. */
  readonly service?: string
  readonly protocol: string
  /** Of the pod, not of the Service. */
  readonly port: number
  /** Open now. */
  readonly connections: number
  /** Since `since`, ended connections included; from the client to the server. */
  readonly bytesSent: number
  readonly bytesReceived: number
  /** Both ways, over the last `windowSeconds`; absent in a first answer. */
  readonly bytesPerSecond?: number
}

/** What network policies turned away, by packets: a client that tries again is counted again. */
export interface DeniedEdge {
  readonly from: ConnectionEndpoint
  readonly to: ConnectionEndpoint
  readonly protocol: string
  readonly port: number
  readonly packets: number
}

export interface ConnectionSummary {
  readonly node: string
  /** RFC 3339. Counting begins with the first question and ends a while after the last one. */
  readonly since: string
  readonly time: string
  readonly windowSeconds?: number
  readonly edges: readonly ConnectionEdge[]
  /** Of the last ten minutes. */
  readonly denied: readonly DeniedEdge[]
  /** What is missing for the numbers to be there. */
  readonly problem?: string
}
