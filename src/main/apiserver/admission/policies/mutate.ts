// One mutation of a policy: an applied configuration, merged as server-side apply merges, or a JSON patch.
import { isObject, type JsonObject } from '../../../../shared/machinery/json-object.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { apiVersionOf } from '../../../../shared/machinery/resource-type.ts'
import { ApiError } from '../../../../shared/machinery/status.ts'
import { CelError } from '../../../cel/errors.ts'
import { toJson } from '../../../cel/to-json.ts'
import { mergeApplied } from '../../patch/apply/merge.ts'
import { inTurns } from '../../../pieces/pacer.ts'
import { FailedTest, jsonPatchInPieces } from '../../patch/json-patch.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import { fieldFact, typeOfFact } from '../../schema/table.ts'
import type { FieldFact } from '../../schema/facts.ts'
import { takeBack } from '../changed-object.ts'
import type { AdmissionRequest } from '../contract.ts'
import type { CompiledMutation } from './compile.ts'
import type { Evaluation } from './expressions.ts'
import { misnamedTypes } from './patch-types.ts'

/** @returns the paths of what is only ever replaced as a whole, which an applied configuration must not touch */
function atomicParts(value: unknown, fact: FieldFact | undefined, path = ''): string[] {
  if (!fact) return []
  if (Array.isArray(value)) {
    if (fact.t !== 'array') return []
    const own = fact.lt === 'atomic' || (fact.lt === undefined && !fact.mk && !fact.ps) ? [path] : []
    return [...own, ...value.flatMap((item, i) => atomicParts(item, fact.i, `${path}[${i}]`))]
  }
  if (!isObject(value) || (fact.t !== 'ref' && fact.t !== 'map')) return []
  const own = fact.mt === 'atomic' || (fact.t === 'ref' && typeOfFact(fact).mt === 'atomic') ? [path] : []
  const inner = (key: string) => (fact.t === 'map' ? fact.i : fieldFact(typeOfFact(fact), key))
  return [...own, ...Object.keys(value).flatMap(key => atomicParts(value[key], inner(key), `${path}.${key}`))]
}

async function applied(
  evaluation: Evaluation,
  { expression }: CompiledMutation,
  live: AnyObject,
  shown: ResourceDescriptor,
  { kind }: Pick<AdmissionRequest, 'kind'>,
) {
  const value = await evaluation.run(expression)
  const misnamed = misnamedTypes(value)
  if (misnamed.length > 0) throw new CelError(`type mismatch: ${misnamed.join('\n')}`)
  const given = toJson(value)
  if (!isObject(given)) throw new CelError('unsupported return type from ApplyConfiguration expression')
  const configuration: JsonObject = {
    ...given,
    apiVersion: apiVersionOf(kind ?? shown.type),
    kind: (kind ?? shown.type).kind,
  }
  const fact: FieldFact = (kind ? undefined : shown.custom?.fact) ?? { t: 'ref', r: kind?.schema ?? shown.schema }
  const atomics = atomicParts(configuration, fact)
  if (atomics.length > 0)
    throw new CelError(
      `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`,
    )
  return mergeApplied(live, configuration, fact)
}

async function patched(evaluation: Evaluation, { expression }: CompiledMutation, live: AnyObject): Promise<unknown> {
  const operations = toJson(await evaluation.run(expression))
  try {
    return await inTurns(jsonPatchInPieces(live, operations))
  } catch (error) {
    // What a patch tests says for which objects it is meant.
    if (error instanceof FailedTest) return live
    if (!(error instanceof ApiError)) throw error
    throw new CelError(`JSON Patch: ${error.status.details?.causes?.[0]?.message ?? error.message}`)
  }
}

/**
 * @param live the object in the version that the policy is written for
 * @returns the changed object, in the request's version, with its defaults
 * @throws CelError, ApiError
 */
export async function mutate(
  mutation: CompiledMutation,
  evaluation: Evaluation,
  live: AnyObject,
  shown: ResourceDescriptor,
  request: Pick<AdmissionRequest, 'resource' | 'kind'>,
): Promise<AnyObject> {
  const result =
    mutation.patchType === 'ApplyConfiguration'
      ? await applied(evaluation, mutation, live, shown, request)
      : await patched(evaluation, mutation, live)
  return takeBack(result, shown, request)
}
