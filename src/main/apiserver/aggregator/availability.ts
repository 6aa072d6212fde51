// Whether the API server behind an APIService answers: asks it for its resources, again and again, and says so in the
// APIService's condition. @see https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/
import type { APIService } from '../../../shared/api/apiregistration/v1.ts'
import { Service } from '../../../shared/api/core/v1.ts'
import type { EndpointSlice } from '../../../shared/api/discovery/v1.ts'
import type { APIResource } from '../../../shared/api/meta/v1.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import type { EndpointContext } from '../endpoints/contract.ts'
import { ASKER, ASK_MS } from './asker.ts'
import { remoteResources } from './remote-resources.ts'
import type { RemoteService } from './remote-service.ts'

const SERVICE_LABEL = 'kubernetes.io/service-name'

export interface Verdict {
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
  /** What it serves, as far as it says so. */
  readonly resources?: readonly APIResource[]
}

export const LOCAL: Verdict = {
  status: 'True',
  reason: 'Local',
  message: 'Local APIServices are always available',
}

const no = (reason: string, message: string): Verdict => ({ status: 'False', reason, message })

type Reader = Pick<EndpointContext, 'resources' | 'get' | 'list'>

/** What is wrong with the Service itself, which is cheaper to tell than to find out by calling. */
function serviceProblem({ spec }: APIService, context: Reader): Verdict | undefined {
  const { namespace = '', name = '', port = 443 } = spec.service ?? {}
  const services = context.resources.byUrl('', 'v1', 'services')
  let service: Service
  try {
    service = (services ? context.get(services, { namespace, name }) : {}) as unknown as Service
  } catch (error) {
    if (!isNotFound(error)) throw error
    return no('ServiceNotFound', `service/${name} in ${JSON.stringify(namespace)} is not present`)
  }
  if (service.spec.type === 'ExternalName') return undefined
  const listening = (service.spec.ports ?? []).find(declared => declared.port === port)
  if (!listening)
    return no('ServicePortError', `service/${name} in ${JSON.stringify(namespace)} is not listening on port ${port}`)
  const slices = context.resources.byUrl('discovery.k8s.io', 'v1', 'endpointslices')
  const own = (slices ? context.list(slices, namespace) : [])
    .map(object => object as unknown as EndpointSlice)
    .filter(({ metadata }) => metadata.labels?.[SERVICE_LABEL] === name)
  if (own.length === 0)
    return no('EndpointsNotFound', `cannot find endpointslices for service/${name} in ${JSON.stringify(namespace)}`)
  const ready = own.some(({ endpoints, ports }) => {
    const named = (ports ?? []).some(candidate => (candidate.name ?? '') === (listening.name ?? ''))
    return named && (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false)
  })
  if (ready) return undefined
  return no(
    'MissingEndpoints',
    `endpoints for service/${name} in ${JSON.stringify(namespace)} have no addresses with port name ${JSON.stringify(listening.name ?? '')}`,
  )
}

/** @returns what it is; never throws for a server that is broken in whatever way */
export async function checkAvailability(
  apiService: APIService,
  remote: RemoteService,
  context: Reader,
): Promise<Verdict> {
  const problem = serviceProblem(apiService, context)
  if (problem) return problem
  const { group = '', version = '' } = apiService.spec
  const path = `/apis/${group}/${version}`
  try {
    const answer = await remote.read(path, ASKER, ASK_MS)
    const resources = await remoteResources(remote, { group, version }, answer)
    return { status: 'True', reason: 'Passed', message: 'all checks passed', ...(resources ? { resources } : {}) }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return no('FailedDiscoveryCheck', `failing or missing response from https://${remote.host}${path}: ${why}`)
  }
}
