// How `kubectl get endpoints` shows addresses.
import type { Endpoints } from '../../../../shared/api/core/v1.ts'
import { list } from '../support/collections.ts'
import type { Column } from '../resource.ts'
import { NONE, ageColumn, firstThree, nameColumn, text } from './common.ts'

const hostPort = (ip: string, port: number) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)

function addresses(endpoints: Endpoints): string {
  const all = list(endpoints.subsets).flatMap(({ addresses: ready, ports }) =>
    list(ports).length === 0
      ? list(ready).map(a => a.ip)
      : list(ports).flatMap(p => list(ready).map(a => hostPort(a.ip, p.port))),
  )
  return firstThree(all, list(endpoints.subsets).length ? '' : NONE)
}

export const endpointsColumns: readonly Column<Endpoints>[] = [
  nameColumn,
  text('Endpoints', 'Addresses and ports behind the service.', addresses),
  ageColumn,
]
