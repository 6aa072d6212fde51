// kill -9 and power cuts of the embedded engine: `node crashes.mjs kill|power <folder> <writer> <rounds> <seed>`.
import { crashes, killed, powerCutSite } from '../../store/proof/crashes.ts'

const [kind = '', folder = '', writer = '', rounds = '', seed = ''] = process.argv.slice(2)
const disk = kind === 'power' ? await powerCutSite(folder) : undefined
const outcome = await crashes(disk ?? killed(folder), writer, Number(rounds), Number(seed))
await disk?.[Symbol.asyncDispose]()
if (outcome.faults.length > 0) {
  console.error(outcome.faults.join('\n'))
  process.exit(1)
}
console.log(
  `seed ${seed}: ${outcome.rounds} ${kind === 'kill' ? 'times kill -9' : 'power cuts'} (${outcome.atPoints} at named ` +
    `points), ${outcome.acknowledged} acknowledged transactions of 64 writers, none lost, none torn, no revision went ` +
    `back; opened again within ${outcome.slowestOpenMs.toFixed(0)} ms`,
)
