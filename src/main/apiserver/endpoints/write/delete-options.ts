// DeleteOptions, from the body or, without one, from the query.
import { type FieldError, invalidValue, notSupported } from '../../../../shared/machinery/field-error.ts'
import { badRequest, invalid } from '../../../../shared/machinery/status.ts'
import type { DeleteOptions as DeleteOptionsBody } from '../../../../shared/api/meta/v1.ts'
import type { ApiRequest } from '../../request.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import { decodeObject } from '../../schema/decode.ts'
import type { DeleteOptions } from '../contract.ts'
import { boolParameter, wholeParameter } from '../read/list-options.ts'
import {
  isRegistered,
  malformedVersion,
  notRegistered,
  readVersion,
  type SaidVersion,
  versionMissing,
} from './said-type.ts'
import { parseDryRun } from './write-options.ts'

const META: SaidVersion = { group: 'meta.k8s.io', version: 'v1' }
const POLICIES = ['Foreground', 'Background', 'Orphan'] as const

function fromQuery(query: URLSearchParams): DeleteOptionsBody {
  const gracePeriodSeconds = wholeParameter(query, 'gracePeriodSeconds')
  const orphanDependents = boolParameter(query, 'orphanDependents')
  const propagationPolicy = query.get('propagationPolicy') ?? undefined
  const [uid, resourceVersion] = [query.get('uid'), query.get('resourceVersion')]
  const preconditions = { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) }
  return {
    dryRun: query.getAll('dryRun'),
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(orphanDependents === undefined ? {} : { orphanDependents }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(uid || resourceVersion ? { preconditions } : {}),
  }
}

/** @returns why they are none; whoever says nothing means them */
function otherOptions(kind: string | undefined, told: string): string | undefined {
  const said = readVersion(told)
  if (!said) return malformedVersion(told)
  if (said.group !== '' && said.version === '') return versionMissing(JSON.stringify({ apiVersion: told }))
  if (!kind || kind === 'DeleteOptions') return undefined
  const is = said.version === '' ? META : said
  return isRegistered(is, kind) ? 'decoded object cannot be converted to DeleteOptions' : notRegistered(is, kind)
}

async function optionsBody(request: ApiRequest): Promise<DeleteOptionsBody> {
  const value = await request.body()
  if (value === undefined || value === null) return fromQuery(request.query)
  const { object, errors } = decodeObject('meta.v1.DeleteOptions', value, 'json', request.literals)
  if (errors[0] !== undefined) throw badRequest(errors[0])
  const why = otherOptions(object.kind, object.apiVersion ?? '')
  if (why !== undefined) throw badRequest(why)
  return object as unknown as DeleteOptionsBody
}

const ORPHANS =
  'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning'

/** Jobs leave their pods behind, which few expect. */
export function warnOfOrphans(request: ApiRequest, { storage }: ResourceDescriptor, options: DeleteOptions): void {
  if (storage === 'batch/jobs' && options.propagationPolicy === undefined) request.warn(ORPHANS)
}

/** What becomes of dependents. @throws ApiError 422 */
export function propagationOf(body: DeleteOptionsBody): DeleteOptions['propagationPolicy'] {
  const errors: FieldError[] = []
  const policy = POLICIES.find(known => known === body.propagationPolicy)
  if (body.propagationPolicy !== undefined && body.orphanDependents !== undefined)
    errors.push(
      invalidValue(
        'propagationPolicy',
        body.propagationPolicy,
        'orphanDependents and deletionPropagation cannot be both set',
      ),
    )
  if (body.propagationPolicy !== undefined && policy === undefined)
    errors.push(notSupported('propagationPolicy', body.propagationPolicy, [...POLICIES, 'nil']))
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors)
  const fromOrphan =
    body.orphanDependents === undefined
      ? undefined
      : body.orphanDependents
        ? ('Orphan' as const)
        : ('Background' as const)
  return policy ?? fromOrphan
}

/** @throws ApiError 400 or 422 */
export async function deleteOptionsOf(request: ApiRequest): Promise<DeleteOptions> {
  const body = await optionsBody(request)
  const propagationPolicy = propagationOf(body)
  return {
    user: request.user,
    // Who says it in the query as well as in a body gets a trial, though upstream looks at the body alone.
    dryRun: parseDryRun(body.dryRun ?? [], 'DeleteOptions') || request.query.getAll('dryRun').includes('All'),
    warn: text => request.warn(text),
    annotate: request.annotate,
    deadlineMs: request.deadlineMs,
    waited: request.waited,
    ...(body.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: body.gracePeriodSeconds }),
    ...(propagationPolicy ? { propagationPolicy } : {}),
    ...(body.orphanDependents === undefined ? {} : { orphanDependents: body.orphanDependents }),
    ...(body.preconditions ? { preconditions: body.preconditions } : {}),
  }
}
