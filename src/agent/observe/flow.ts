// One line of conntrack(8): a connection with the bytes that went each way.
//
//   tcp 6 86 ESTABLISHED src=10.244.1.2 dst=10.96.0.50 sport=4 dport=80 packets=5 bytes=300
//     src=10.244.1.3 dst=10.244.1.2 sport=8080 dport=4 packets=4 bytes=600 [ASSURED] …
//
// The first four are what the client sent, the next four what comes back: from the endpoint that it was redirected to.

export interface Flow {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  readonly from: string
  /** Where the client sent it. */
  readonly asked: { readonly ip: string; readonly port: number }
  /** Who answers. */
  readonly to: { readonly ip: string; readonly port: number }
  readonly bytesSent: number
  readonly bytesReceived: number
}

/** @returns undefined for other protocols and other lines */
export function parseFlow(line: string): Flow | undefined {
  const protocol = /\b(tcp|udp|sctp)\s/.exec(line)?.[1]?.toUpperCase() as Flow['protocol'] | undefined
  if (!protocol) return undefined
  const values = (name: string) =>
    [...line.matchAll(new RegExp(`\\b${name}=(\\S+)`, 'g'))].map(([, value]) => value ?? '')
  const [from, backend] = values('src')
  const [askedIP] = values('dst')
  const [, backendPort] = values('sport')
  const [askedPort] = values('dport')
  const [bytesSent, bytesReceived] = values('bytes').map(Number)
  if (from === undefined || backend === undefined || askedIP === undefined) return undefined
  return {
    protocol,
    from,
    asked: { ip: askedIP, port: Number(askedPort) },
    to: { ip: backend, port: Number(backendPort) },
    bytesSent: bytesSent ?? 0,
    bytesReceived: bytesReceived ?? 0,
  }
}
