// The words of the map.
import type { Rank, Relation } from './graph.ts'
import type { Band } from './layout.ts'
import type { Grouping } from './picture.ts'
import { type MessageKey, known, m } from '../i18n/i18n.ts'

export const rankTitles: Readonly<Record<Rank, MessageKey>> = {
  ingress: m('Ingresses'),
  service: m('Services'),
  attachment: m('Config and policy'),
  owner: m('Custom Resources'),
  workload: m('Workloads'),
  pod: m('Pods'),
  node: m('Nodes'),
}

export const relationTitles: Readonly<Record<Relation, MessageKey>> = {
  config: m('Config maps'),
  secret: m('Secrets'),
  volume: m('Volume claims'),
  autoscaler: m('Autoscalers'),
  policy: m('Network policies, disruption budgets'),
  access: m('Service accounts, bindings, roles'),
  custom: m('Custom resources that control them'),
}

export const groupingTitles: Readonly<Record<Grouping, MessageKey>> = {
  namespace: m('Namespace'),
  application: m('Application'),
  node: m('Node'),
  none: m('Nothing'),
}

export const bandTitle = ({ group, part, parts }: Band): string =>
  parts === 1 ? known(group) : `${known(group)} · ${part}/${parts}`
