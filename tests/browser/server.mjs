// Trains small networks and serves them, with the program that TAPER names.

import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const program = process.env.TAPER;

/** Runs the program to its end. */
function taper(folder, ...args) {
  const { status, stderr } = spawnSync(program, args, { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`taper ${args.join(" ")}: ${stderr}`);
}

/** Trains the networks that the page is tried on, in `folder`. */
export function train(folder) {
  const rows = Array.from({ length: 90 }, (_, row) => {
    const plan = ["basic", "plus", "pro"][row % 3];
    const months = row * 7 % 24;
    return `${20 + row % 40},${plan},${months},${plan === "pro" || months > 15 ? "stays" : "leaves"}`;
  });
  writeFileSync(join(folder, "customers.csv"), ["age,plan,months,churn", ...rows, ""].join("\n"));
  writeFileSync(join(folder, "customers.toml"), `
    [data.csv]
    path = "customers.csv"
    test_path = "customers.csv"
    target = "churn"
    [model]
    layers = [{ dense = { units = 8, activation = "relu" } }, { dense = { units = 2 } }]
    [loss.cross_entropy]
    [optimizer.adam]
    learning_rate = 0.02
    [train]
    epochs = 20
  `);
  taper(folder, "train", "digits_cnn", "-q", "--set", "train.epochs=2", "--run-dir", "digits");
  taper(folder, "train", "customers.toml", "-q", "--run-dir", "customers");
  taper(folder, "train", "linear_regression", "-q", "--run-dir", "line");
  writeFileSync(join(folder, "tokens"), "test: 0123456789abcdef0123\n");
}

/** Serves `models` and returns the address, and a function that ends the server. */
export async function serve(folder, ...args) {
  const server = spawn(program, ["serve", ...args, "--listen", "127.0.0.1:0", "--format", "json"], { cwd: folder });
  let errors = "";
  server.stderr.on("data", text => { errors += text; });
  const line = await new Promise((resolve, reject) => {
    let text = "";
    server.stdout.on("data", more => {
      text += more;
      if (text.includes("\n")) resolve(text);
    });
    server.on("exit", code => reject(new Error(`taper serve ended with ${code}: ${errors}`)));
  });
  return { url: JSON.parse(line).url, stop: () => server.kill("SIGTERM") };
}
