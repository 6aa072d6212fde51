// MutatingAdmissionWebhook: webhooks change the object one after the other, each seeing what the one before made of it.
//
// When one of them changed something, the chain runs a second time, so that the built-in plugins see the change; in
// that round only webhooks that ask for it (reinvocationPolicy IfNeeded) are called again, and only if the object is
// not what they left behind.
// @see https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#reinvocation-policy
import type { MutatingWebhook } from '../../../../shared/api/admissionregistration/v1.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { ApiError, internalError } from '../../../../shared/machinery/status.ts'
import { decodeBody } from '../../codec/decode-body.ts'
import { cloneInPieces } from '../../../pieces/large-json.ts'
import { inTurns } from '../../../pieces/pacer.ts'
import { jsonPatchInPieces } from '../../patch/json-patch.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import { become, isUnchanged, takeBack } from '../changed-object.ts'
import type { AdmissionRequest } from '../contract.ts'
import { viewsOf } from '../matching/convert.ts'
import { callWebhook, type CallParts, isExempt, type View, viewFor, whileWaiting } from './call.ts'
import type { ConfiguredWebhook } from './configurations.ts'

/** What the first round has left for the second. */
interface Round {
  /** Webhooks that want to be called again when the object changed after them. */
  readonly eager: Set<string>
  /** Those of them for which it has. */
  readonly due: Set<string>
  /** The object when the webhooks were done with it. */
  left: AnyObject | undefined
}

/**
 * @param object in the version that was shown
 * @returns the patched object as the request's own kind and version, with its defaults
 */
async function patched(
  object: AnyObject,
  patch: string,
  request: AdmissionRequest,
  shown: ResourceDescriptor,
): Promise<AnyObject> {
  try {
    const { value: operations } = await decodeBody('application/json', Buffer.from(patch, 'base64'))
    const result = await inTurns(jsonPatchInPieces(object, operations))
    return await takeBack(result, shown, request)
  } catch (error) {
    if (!(error instanceof ApiError) || error.code >= 500) throw error
    const cause = error.status.details?.causes?.[0]?.message
    throw internalError(cause ?? error.message)
  }
}

export function createMutatingDispatch(webhooks: () => readonly ConfiguredWebhook[]) {
  const rounds = new WeakMap<AdmissionRequest, Round>()

  /** @returns whether the object was changed, so that others should see it again */
  return async function dispatch(request: AdmissionRequest, parts: CallParts): Promise<boolean> {
    const hooks = webhooks()
    if (hooks.length === 0 || isExempt(request)) return false
    const before = rounds.get(request)
    if (before && !(await isUnchanged(request, before.left, request.object)))
      for (const id of before.eager) before.due.add(id)
    const round: Round = before ?? { eager: new Set(), due: new Set(), left: undefined }
    if (!before) rounds.set(request, round)
    let changed = false
    for (const hook of hooks) {
      if (before && !round.due.has(hook.id)) continue
      const view = await viewFor(hook, request, viewsOf(request), parts)
      if (!view) continue
      const verdict = await whileWaiting(request, parts, () => callWebhook(hook, request, view, true, parts))
      if (verdict?.patch !== undefined && (await apply(hook, verdict.patch, request, view))) {
        changed = true
        for (const id of round.eager) round.due.add(id)
      }
      if ((hook.webhook as MutatingWebhook).reinvocationPolicy === 'IfNeeded') round.eager.add(hook.id)
    }
    round.left = request.object && ((await inTurns(cloneInPieces(request.object))) as AnyObject)
    return changed
  }
}

async function apply(
  { webhook }: ConfiguredWebhook,
  patch: string,
  request: AdmissionRequest,
  view: View,
): Promise<boolean> {
  const { object } = request
  if (!object)
    throw internalError(
      `admission webhook ${JSON.stringify(webhook.name)} attempted to modify the object, which is not supported for this operation`,
    )
  const next = await patched(view.object ?? object, patch, request, view.shown)
  if (await isUnchanged(request, next, object)) return false
  become(object, next)
  return true
}
