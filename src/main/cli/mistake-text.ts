// What a command line that cannot be read is answered with: a line that says what is wrong, and where to look it up.
import type { Command, CommanderError } from 'commander'

/** What is said of a value that is none of those that there are. */
const CHOICES = [
  /^option '(?:-\w, )?(?<name>--[\w-]+)[^']*' argument '(?<value>.*)' is invalid\. Allowed choices are (?<all>.*)\.$/s,
  /^command-argument value '(?<value>.*)' is invalid for argument '(?<name>.*)'\. Allowed choices are (?<all>.*)\.$/s,
]

/** @param argv as the process has it */
export function mistakeText({ message }: CommanderError, program: Command, argv: readonly string[]): string {
  const command = commandOf(program, argv)
  const text = message.replace(/^error: /, '').replace(/\n/g, ' ')
  // Its help was printed already.
  if (text === '(outputHelp)') return `a command is needed: ${command} and one of those above`
  return `${choiceText(text) ?? text}; see: ${command} --help`
}

function choiceText(text: string): string | undefined {
  for (const pattern of CHOICES) {
    const { name, value, all } = pattern.exec(text)?.groups ?? {}
    if (all !== undefined) return `${name} wants ${all.replace(/, (?=[^,]*$)/, ' or ')}, not "${value}"`
  }
  return undefined
}

/** @returns the command that was meant, as it is typed: `flotilla node add` */
function commandOf(program: Command, argv: readonly string[]): string {
  let at = program
  const names = [program.name()]
  for (const word of argv.slice(2)) {
    const next = at.commands.find(command => command.name() === word)
    if (!next) break
    at = next
    names.push(word)
  }
  return names.join(' ')
}
