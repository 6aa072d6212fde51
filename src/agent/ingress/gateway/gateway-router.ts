// The rules of HTTPRoutes on one port: first the listener whose host is the most special one for the request — no other
// gets it then — and in it the most special host of a route that has a rule for it.
import type { Attachment } from '../../../shared/machinery/gateway/routes.ts'
import { isOlder } from '../../../shared/machinery/older.ts'
import type { ReferenceGrant } from '../../../shared/api/gateway/v1.ts'
import { HostTable, hostOf } from '../host-table.ts'
import { type Action, byPrecedence, matches, type Question, type Rule } from '../rules.ts'
import { rulesOf } from './route-rules.ts'

export class GatewayRouter {
  readonly #listeners = new HostTable<HostTable<Rule[]>>()

  /** @param hosts of the port's listeners, also of those without routes */
  constructor(hosts: readonly string[], attachments: readonly Attachment[], grants: readonly ReferenceGrant[]) {
    const listener = (host: string) => this.#listeners.at(host, 'any', () => new HostTable<Rule[]>())
    for (const host of hosts) listener(host)
    for (const { route, on, hostnames } of [...attachments].sort((a, b) => isOlder(a.route, b.route))) {
      const rules = rulesOf(route, grants)
      for (const host of hostnames)
        listener(on.listener.hostname ?? '')
          .at(host, 'any', () => [])
          .push(...rules)
    }
    for (const hostsOf of this.#listeners.values()) for (const rules of hostsOf.values()) rules.sort(byPrecedence)
  }

  route(question: Question): Action | undefined {
    const host = hostOf(question.host)
    const [listener] = this.#listeners.find(host)
    for (const rules of listener?.find(host) ?? []) {
      const found = rules.find(rule => matches(rule, question))
      if (found) return found.action
    }
    return undefined
  }
}
