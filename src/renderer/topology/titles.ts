// The words of the map.
import type { Rank, Relation } from './graph.ts'
import type { Grouping } from './picture.ts'

export const rankTitles: Readonly<Record<Rank, string>> = {
  ingress: 'Ingresses',
  service: 'Services',
  attachment: 'Config and policy',
  workload: 'Workloads',
  pod: 'Pods',
  node: 'Nodes',
}

export const relationTitles: Readonly<Record<Relation, string>> = {
  config: 'Config maps',
  secret: 'Secrets',
  volume: 'Volume claims',
  autoscaler: 'Autoscalers',
  policy: 'Network policies, disruption budgets',
  access: 'Service accounts',
}

export const groupingTitles: Readonly<Record<Grouping, string>> = {
  namespace: 'Namespace',
  application: 'Application',
  node: 'Node',
  none: 'Nothing',
}
