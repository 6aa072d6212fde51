// Asks people through the operation's status: the question is there for everybody to see, the answer never is.
import type { AnswerDesk } from '../answers.ts'
import type { Prompt, Prompter } from '../ssh/contract.ts'
import type { StatusWriter } from './status-writer.ts'

export function statusPrompter(parts: {
  readonly operation: string
  readonly desk: AnswerDesk
  readonly writer: StatusWriter
  readonly signal: AbortSignal
}): Prompter {
  const { operation, desk, writer, signal } = parts
  return {
    async ask({ kind, about, text, said, fingerprint, echo }: Prompt) {
      const { id, answer } = desk.expect(operation, signal)
      answer.catch(() => undefined) // called off while the question is written, it is nobody's yet
      const prompt = {
        id,
        kind,
        about,
        text,
        echo,
        ...(said === undefined ? {} : { said }),
        ...(fingerprint === undefined ? {} : { fingerprint }),
      }
      await writer.set({ phase: 'WaitingForAnswer', message: '', prompts: [...(writer.status.prompts ?? []), prompt] })
      try {
        return await answer
      } finally {
        const prompts = (writer.status.prompts ?? []).filter(other => other.id !== id)
        await writer.set({ phase: prompts.length > 0 ? 'WaitingForAnswer' : 'Running', prompts })
      }
    },
  }
}
