// MutatingAdmissionWebhook and ValidatingAdmissionWebhook: programs of the cluster's users have a say in every write.
// @see https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
import { type Clock, systemClock } from '../../../../shared/machinery/clock.ts'
import { type Log, silentLog } from '../../../../shared/machinery/log.ts'
import type { ObjectStore } from '../../../store/contract.ts'
import type { NodeDialer } from '../../proxy/node-tunnels.ts'
import { serviceDialer } from '../../webhook/service-dialer.ts'
import { WebhookTransport } from '../../webhook/transport.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../contract.ts'
import type { ServerView } from '../../endpoints/server-view.ts'
import { viewsOf } from '../matching/convert.ts'
import { callWebhook, type CallParts, isExempt, viewFor, whileWaiting } from './call.ts'
import { type ConfiguredWebhook, WebhookConfigurations } from './configurations.ts'
import { createMutatingDispatch } from './mutating.ts'
import { WebhookMetrics } from './webhook-metrics.ts'

export interface WebhookOptions {
  readonly store: ObjectStore
  /** Reaches the Services that webhooks run behind. */
  readonly nodes: NodeDialer
  readonly clock?: Clock
  readonly log?: Log
}

export interface WebhookPlugins extends Disposable {
  readonly mutating: AdmissionPlugin
  readonly validating: AdmissionPlugin
}

/** All are asked at the same time; of several refusals, that of the first in order counts. */
async function validate(hooks: readonly ConfiguredWebhook[], request: AdmissionRequest, parts: CallParts) {
  const viewsIn = viewsOf(request)
  const calls = hooks.map(async hook => {
    const view = await viewFor(hook, request, viewsIn, parts)
    if (view) await callWebhook(hook, request, view, false, parts)
  })
  const ended = await whileWaiting(request, parts, () => Promise.allSettled(calls))
  const failed = ended.find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
}

export function webhookPlugins({ store, nodes, clock = systemClock, log = silentLog }: WebhookOptions): WebhookPlugins {
  const mutating = new WebhookConfigurations(store, 'mutatingwebhookconfigurations')
  const validating = new WebhookConfigurations(store, 'validatingwebhookconfigurations')
  const mutate = createMutatingDispatch(() => mutating.webhooks)
  const metrics = new WebhookMetrics()
  let parts: CallParts | undefined
  const attach = (server: ServerView) => {
    const transport = parts?.transport ?? new WebhookTransport(serviceDialer(nodes, server))
    parts = { store, server, metrics, clock, log, transport }
  }
  return {
    mutating: {
      name: 'MutatingAdmissionWebhook',
      attach,
      // Those of both, once.
      measure: registry => metrics.register(registry),
      mutate(request) {
        if (!parts || mutating.webhooks.length === 0) return undefined
        return mutate(request, parts).then(changed => (changed ? 'again' : undefined))
      },
    },
    validating: {
      name: 'ValidatingAdmissionWebhook',
      attach,
      validate(request) {
        const hooks = validating.webhooks
        if (!parts || hooks.length === 0 || isExempt(request)) return undefined
        return validate(hooks, request, parts)
      },
    },
    [Symbol.dispose]() {
      mutating[Symbol.dispose]()
      validating[Symbol.dispose]()
      parts?.transport[Symbol.dispose]()
    },
  }
}
