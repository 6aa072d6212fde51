// What a pod's loss costs, by which the controllers of sets choose what to delete first.
export const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost'

/** A 32-bit number without a plus sign or a leading zero. @returns undefined for what is none */
export function deletionCost(text: string): number | undefined {
  if (!/^(?:0|[1-9]\d*|-\d+)$/.test(text)) return undefined
  const cost = Number(text)
  return cost >= -2_147_483_648 && cost <= 2_147_483_647 ? cost : undefined
}
