/** Entry point of the thread that turns schemas into grammars, which takes up to a second. */
import { compileGrammar } from "./output-grammar.ts";
import type { CompileTask } from "./grammar-compiler.ts";
import { serveTasks } from "./task-thread.ts";

serveTasks((task) => compileGrammar(...(task as CompileTask)));
