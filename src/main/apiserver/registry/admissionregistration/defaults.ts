// Defaults shared by admission webhooks and policies.
import type {
  MatchResources,
  MutatingWebhook,
  RuleWithOperations,
  ValidatingWebhook,
} from '../../../../shared/api/admissionregistration/v1.ts'
import { list } from '../support/collections.ts'

function setScopes(rules: readonly Pick<RuleWithOperations, 'scope'>[] | undefined): void {
  for (const rule of list(rules)) (rule as { scope?: string }).scope ??= '*'
}

export function setWebhookDefaults(webhook: MutatingWebhook | ValidatingWebhook): void {
  webhook.failurePolicy ??= 'Fail'
  webhook.matchPolicy ??= 'Equivalent'
  webhook.namespaceSelector ??= {}
  webhook.objectSelector ??= {}
  webhook.timeoutSeconds ??= 10
  if (webhook.clientConfig?.service) webhook.clientConfig.service.port ??= 443
  setScopes(webhook.rules)
}

export function setMatchDefaults(match: MatchResources | undefined): void {
  if (!match) return
  match.matchPolicy ??= 'Equivalent'
  match.namespaceSelector ??= {}
  match.objectSelector ??= {}
  setScopes(match.resourceRules)
  setScopes(match.excludeResourceRules)
}
