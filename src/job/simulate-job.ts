// reel debuglayout --simulate: the placement policy on a case of directories and files.
import { runSimulation } from "../store/simulation.ts";
import type { SimulateReport, SimulateRequest } from "./debug-requests.ts";

export function runSimulate(request: SimulateRequest): SimulateReport {
  const { commands, ...options } = request;
  return runSimulation(options, commands);
}
