// Puts the default roles and bindings in place at every start: missing rules and subjects are added, what an admin
// added stays, and an object with `autoupdate: "false"` is left alone.
import type { PolicyRule, Subject } from '../../../shared/api/rbac/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { apiVersionOf } from '../../../shared/machinery/resource-type.ts'
import type { EndpointContext, WriteOptions } from '../endpoints/contract.ts'
import { bootstrapPolicy } from './bootstrap-policy.ts'
import { uncovered } from './rbac/rules.ts'

const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate'

type Fields = { rules?: PolicyRule[]; subjects?: Subject[] }

/** @returns what the stored object lacks, merged into it; undefined when it lacks nothing */
function completed(stored: Fields, wanted: Fields): Fields | undefined {
  const missingRules = uncovered(stored.rules ?? [], wanted.rules ?? []).length > 0 ? (wanted.rules ?? []) : []
  const missingSubjects = (wanted.subjects ?? []).filter(
    subject => !stored.subjects?.some(known => deepEqual(known, subject)),
  )
  if (missingRules.length + missingSubjects.length === 0) return undefined
  const added = missingRules.filter(rule => !stored.rules?.some(known => deepEqual(known, rule)))
  return {
    ...(wanted.rules ? { rules: [...(stored.rules ?? []), ...added] } : {}),
    ...(wanted.subjects ? { subjects: [...(stored.subjects ?? []), ...missingSubjects] } : {}),
  }
}

/** @param by whose user must be allowed to grant anything (system:masters) */
export async function reconcilePolicy(context: EndpointContext, by: WriteOptions): Promise<void> {
  const options = { ...by, skipAdmission: true }
  const work = bootstrapPolicy().map(async ({ type, namespace, object }) => {
    const resource = context.resources.byUrl(type.group, type.version, type.plural)
    if (!resource) return
    const name = object.metadata.name ?? ''
    const stored = context.find(resource, { namespace, name })?.object as (AnyObject & Fields) | undefined
    if (!stored) {
      const metadata = { ...object.metadata, ...(namespace ? { namespace } : {}) }
      const created = structuredClone({ ...object, apiVersion: apiVersionOf(type), kind: type.kind, metadata })
      await context.create(resource, namespace, created as unknown as AnyObject, options)
      return
    }
    if (stored.metadata.annotations?.[AUTOUPDATE] === 'false') return
    const changed = completed(stored, object as Fields)
    if (changed)
      await context.change(
        resource,
        { namespace, name },
        copy => void Object.assign(copy, structuredClone(changed)),
        options,
      )
  })
  await Promise.all(work)
}
