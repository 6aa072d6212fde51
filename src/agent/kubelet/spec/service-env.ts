// Variables that tell a pod about services, as container links once did.
import type { Service } from '../../../shared/api/core/v1.ts'

const variableName = (name: string): string => name.toUpperCase().replaceAll('-', '_')

/** @returns the variables of one service that has a cluster address */
function variablesOf(service: Service): [string, string][] {
  const prefix = variableName(service.metadata.name)
  const ip = service.spec.clusterIP ?? ''
  const ports = service.spec.ports ?? []
  const [first] = ports
  if (!first) return []
  const host = ip.includes(':') ? `[${ip}]` : ip
  const out: [string, string][] = [
    [`${prefix}_SERVICE_HOST`, ip],
    [`${prefix}_SERVICE_PORT`, String(first.port)],
  ]
  for (const { name, port } of ports) if (name) out.push([`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port)])
  ports.forEach(({ port, protocol = 'TCP' }, i) => {
    const proto = protocol.toLowerCase()
    const url = `${proto}://${host}:${port}`
    const stem = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`
    if (i === 0) out.push([`${prefix}_PORT`, url])
    out.push([stem, url], [`${stem}_PROTO`, proto], [`${stem}_PORT`, String(port)], [`${stem}_ADDR`, ip])
  })
  return out
}

/** @param links false = only the API server's service */
export function serviceVariables(services: readonly Service[], namespace: string, links: boolean): Map<string, string> {
  const visible = services.filter(({ metadata, spec }) => {
    if (!spec.clusterIP || spec.clusterIP === 'None') return false
    if (metadata.namespace === 'default' && metadata.name === 'kubernetes') return true
    return links && metadata.namespace === namespace
  })
  // The pod's own namespace wins over the API server's service of the same name.
  const ordered = visible.toSorted(
    (a, b) => Number(a.metadata.namespace === namespace) - Number(b.metadata.namespace === namespace),
  )
  return new Map(ordered.flatMap(variablesOf))
}
