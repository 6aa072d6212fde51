// Names made from `metadata.generateName`, as upstream's SimpleNameGenerator makes them.

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'
const SUFFIX_LENGTH = 5
const MAX_BASE_LENGTH = 63 - SUFFIX_LENGTH

export function generateName(base: string, random: () => number): string {
  let suffix = ''
  for (let i = 0; i < SUFFIX_LENGTH; i++) suffix += ALPHABET[Math.floor(random() * ALPHABET.length)] ?? 'x'
  return base.slice(0, MAX_BASE_LENGTH) + suffix
}
