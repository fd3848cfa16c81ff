// The line above GraphiQL: examples to open, who one is, whom else one can be, and the way out.
import { asPersona } from "./start.jsx";

export function Bar({ session, trying, fault, demo, examples, open, signIn, signOut }) {
  return (
    <header className="bar">
      <h1>Relata</h1>
      {examples.length > 0 && <Examples examples={examples} open={open} />}
      {fault && (
        <p className="fault" role="alert">
          {fault}
        </p>
      )}
      <div className="who">
        <p aria-live="polite">
          <strong>{session.name}</strong>
          <span>
            {session.title && `${session.title}, `}
            {session.tenant}
          </span>
        </p>
        {demo && <Persona demo={demo} session={session} trying={trying} signIn={signIn} />}
        <button type="button" onClick={() => signOut()}>
          Sign out
        </button>
      </div>
    </header>
  );
}

function Examples({ examples, open }) {
  const chosen = (event) => {
    open(examples[Number(event.target.value)]);
    event.target.value = "";
  };
  return (
    <select aria-label="Open an example" defaultValue="" onChange={chosen}>
      <option value="" disabled>
        Examples
      </option>
      {examples.map(({ name }, number) => (
        <option key={name} value={number}>
          {name}
        </option>
      ))}
    </select>
  );
}

function Persona({ demo, session, trying, signIn }) {
  const { tenant, email } = trying ?? session;
  const [handle, host] = email.split("@");
  const isKnown = host === `${tenant}.example` && demo.personas.some((each) => each.handle === handle);
  const value = isKnown ? `${tenant}/${handle}` : "";
  return (
    <select
      aria-label="See it as"
      aria-busy={Boolean(trying)}
      disabled={Boolean(trying)}
      value={value}
      onChange={(event) => signIn(asPersona(demo, ...event.target.value.split("/")))}
    >
      {!isKnown && (
        <option value="" disabled>
          See it as …
        </option>
      )}
      {demo.tenants.map((slug) => (
        <optgroup key={slug} label={slug}>
          {demo.personas.map((each) => (
            <option key={each.handle} value={`${slug}/${each.handle}`}>
              {each.handle} at {slug}
            </option>
          ))}
        </optgroup>
      ))}
    </select>
  );
}
