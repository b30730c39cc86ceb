use super::super::read::message;
use super::SecurityRequirement;

message! {
    /// Something that an agent can do.
    pub struct AgentSkill {
        /// Its id, unique within the card.
        required id: String = "id",
        /// Its name, for people.
        required name: String = "name",
        /// What it does.
        required description: String = "description",
        /// Words to find it by.
        present tags: Vec<String> = "tags",
        /// What one could ask of it.
        sparse examples: Vec<String> = "examples",
        /// The media types that it takes, where they differ from the agent's.
        sparse input_modes: Vec<String> = "inputModes",
        /// The media types that it gives, where they differ from the agent's.
        sparse output_modes: Vec<String> = "outputModes",
        /// What a client must have to use it: one of these.
        sparse security_requirements: Vec<SecurityRequirement> = "securityRequirements",
    }
}
