/** A worker of the library whose tasks can end the thread in silence. */
import "./keeping.ts";
import "../../../runners/_worker.ts";
