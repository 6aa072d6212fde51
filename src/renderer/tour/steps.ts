// What the tour points at, in the order in which one meets it.
import { type MessageKey, m } from '../i18n/i18n.ts'

interface TourStep {
  /** Selector of what is lit. */
  readonly target: string
  readonly title: MessageKey
  readonly text: MessageKey
}

export const tourSteps: readonly TourStep[] = [
  {
    target: '[data-kinds]',
    title: m('Everything the cluster has'),
    text: m('Every kind has its list here, custom resources too. What you star comes first.'),
  },
  {
    target: '[data-kinds] a[href*="topology"]',
    title: m('How it hangs together'),
    text: m(
      'The map leads from the ingress to the node, and shows where trouble arrives. “Why?” tells what is behind it.',
    ),
  },
  {
    target: '[data-tour=palette]',
    title: m('One key to anywhere'),
    text: m('The palette goes to any kind, object or action. A colon jumps to a kind by its short name, such as po.'),
  },
  {
    target: '[data-bell]',
    title: m('Told when something fails'),
    text: m('Workloads and nodes that fail for longer than a moment are listed here.'),
  },
  {
    target: '[data-tour=create]',
    title: m('Make something'),
    text: m('By form or YAML, in step with each other and with kubectl; or drop manifests anywhere on the window.'),
  },
  {
    target: '[data-tour=help]',
    title: m('All keys'),
    text: m('Press ? anywhere for the keys, and for this tour again.'),
  },
]
