// What the palette offers besides kinds and objects: every place of the window, and what can be done at once.
import type { LocationQuery, RouteLocationRaw } from 'vue-router'
import { Deployment } from '../../shared/api/apps/v1.ts'
import { Host } from '../../shared/api/flotilla/v1.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { timelineRoute, topologyRoute } from '../places.ts'
import type { ThemeChoice } from '../stores/preferences.ts'
import { type MessageKey, m } from '../i18n/i18n.ts'

export interface Command {
  readonly title: MessageKey | 'Helm'
  readonly hint: MessageKey
  /** Lower case; what it is looked for by, in every language. */
  readonly words: readonly string[]
  /** What it leads to making. */
  readonly makes?: ResourceType<unknown>
  readonly to?: (query: LocationQuery) => RouteLocationRaw
  readonly theme?: ThemeChoice
  /** Another Kubernetes has nothing of it. */
  readonly onlyOurs?: true
}

const place = (title: Command['title'], words: readonly string[], to: Required<Command>['to']): Command => ({
  title,
  hint: m('place'),
  words,
  to,
})

const COMMANDS: readonly Command[] = [
  place(m('Overview'), ['overview', 'home'], () => ({ name: 'overview' })),
  place(m('Topology'), ['topology', 'map'], topologyRoute),
  { ...place(m('Timeline'), ['timeline', 'history', 'changes'], timelineRoute), onlyOurs: true },
  { ...place(m('Hosts'), ['hosts', 'ssh'], () => ({ name: 'hosts' })), onlyOurs: true },
  {
    title: m('Add hosts'),
    hint: m('over SSH'),
    words: ['add hosts', 'add node'],
    makes: Host,
    to: () => ({ name: 'hosts', query: { add: '' } }),
    onlyOurs: true,
  },
  place('Helm', ['helm', 'releases', 'charts'], () => ({ name: 'helm' })),
  place(m('Who can do what'), ['who can do what', 'access', 'rbac'], () => ({ name: 'access' })),
  place(m('Port-forwards'), ['port-forwards', 'forwards'], () => ({ name: 'forwards' })),
  {
    title: m('Create a Deployment'),
    hint: m('form and YAML'),
    words: ['create a deployment', 'new', 'deploy'],
    makes: Deployment,
    to: () => ({ name: 'create-deployment' }),
  },
  {
    title: m('Create from YAML'),
    hint: m('anything'),
    words: ['create from yaml', 'apply', 'yaml'],
    to: () => ({ name: 'create-yaml' }),
  },
  { title: m('Light theme'), hint: m('appearance'), words: ['light theme'], theme: 'light' },
  { title: m('Dark theme'), hint: m('appearance'), words: ['dark theme'], theme: 'dark' },
  { title: m('Theme of the system'), hint: m('appearance'), words: ['system theme'], theme: 'system' },
]

export const commandsOf = (isOurs: boolean): readonly Command[] =>
  COMMANDS.filter(({ onlyOurs }) => isOurs || !onlyOurs)
