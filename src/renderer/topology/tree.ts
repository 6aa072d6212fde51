// The same picture as a tree: groups, in them what nothing leads to, below each thing what it leads to. Pure.
import type { Card, Picture } from './picture.ts'
import { known, m, t } from '../i18n/i18n.ts'

/** The group of what belongs to none while nothing is grouped. */
const NODES = m('Nodes')

export interface TreeRow {
  /** The way from the root, since a card stands under everything that leads to it. */
  readonly path: string
  readonly level: number
  readonly title: string
  readonly card: Card | undefined
  readonly isOpen: boolean
  readonly hasChildren: boolean
  readonly position: number
  readonly setSize: number
}

/** @param toggled paths opened or closed against the default: groups and services are open, workloads are not */
export function treeRows({ cards, edges }: Picture, toggled: ReadonlySet<string>): TreeRow[] {
  const byId = new Map(cards.map(card => [card.id, card]))
  const children = new Map<string, Card[]>()
  const hasParent = new Set<string>()
  const addChild = (parent: string, id: string) => {
    const card = byId.get(id)
    if (!card) return
    children.set(parent, [...(children.get(parent) ?? []), card])
    hasParent.add(id)
  }
  for (const { from, to, isAttachment } of edges) {
    if (isAttachment) addChild(to, from)
    else addChild(from, to)
  }
  const rows: TreeRow[] = []
  const add = (siblings: readonly Card[], level: number, parent: string) =>
    siblings.forEach((card, index) => {
      const path = `${parent}/${card.id}`
      const below = children.get(card.id) ?? []
      const isOpen = below.length > 0 && (card.rank === 'ingress' || card.rank === 'service') !== toggled.has(path)
      rows.push({
        path,
        level,
        title: card.title,
        card,
        isOpen,
        hasChildren: below.length > 0,
        position: index + 1,
        setSize: siblings.length,
      })
      if (isOpen) add(below, level + 1, path)
    })

  const groups = [...new Set(cards.map(({ group }) => group ?? NODES))].sort()
  groups.forEach((group, index) => {
    const members = cards.filter(card => (card.group ?? NODES) === group)
    const roots = members.filter(({ id, rank }) => !hasParent.has(id) || rank === 'node')
    const isOpen = !toggled.has(group)
    rows.push({
      path: group,
      level: 1,
      title: known(group) || t('Everything'),
      card: undefined,
      isOpen,
      hasChildren: roots.length > 0,
      position: index + 1,
      setSize: groups.length,
    })
    if (isOpen)
      add(
        roots.filter(({ rank }) => group === NODES || rank !== 'node' || !hasParent.has(rank)),
        2,
        group,
      )
  })
  return rows
}
