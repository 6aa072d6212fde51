// Parses `--controllers`, kube-controller-manager's flag.
import { type ControllerChoice, chooseControllers } from '../controllers/choice.ts'
import { UsageError } from '../process/usage-error.ts'

/** Accepts `*,-service-lb-controller`. @throws UsageError */
export function parseControllers(text: string): ControllerChoice {
  try {
    return chooseControllers(text.split(',').map(each => each.trim()))
  } catch (error) {
    throw new UsageError(`--controllers: ${(error as Error).message}`)
  }
}
