// Node selectors: terms are alternatives, the requirements inside a term must all hold.
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from '../api/core/v1.ts'
import { type LabelOperator, type Labels, requirementMatches } from './selectors.ts'

interface NodeLike {
  readonly metadata: { readonly name: string; readonly labels?: Labels }
}

const OPERATORS: Readonly<Record<string, LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
  Gt: 'gt',
  Lt: 'lt',
}

function holds({ key, operator, values }: NodeSelectorRequirement, labels: Labels): boolean {
  const known = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined
  return known !== undefined && requirementMatches({ key, operator: known, values: values ?? [] }, labels)
}

/** @returns whether one term holds; a term without requirements matches no node. */
export function matchesNodeSelectorTerm(term: NodeSelectorTerm, node: NodeLike): boolean {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  if (expressions.length + fields.length === 0) return false
  const known: Labels = { 'metadata.name': node.metadata.name }
  return expressions.every(r => holds(r, node.metadata.labels)) && fields.every(r => holds(r, known))
}

/** @returns whether any term holds; a selector without terms matches no node. */
export const matchesNodeSelector = (selector: NodeSelector, node: NodeLike): boolean =>
  selector.nodeSelectorTerms.some(term => matchesNodeSelectorTerm(term, node))
